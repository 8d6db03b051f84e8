import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import Logging

/// `/api/v1/workers/{id}`: what a worker without a database asks instead of one. The messages are those of the runner protocol, and each
/// bears the token of its lease; the store compares it as it does for workers of its own.
struct WorkersAPI: Sendable {
  let store: any ScanStore
  let policies: @Sendable (_ kind: String, _ target: String) -> Policy
  let version: String
  let authenticator: Authenticator

  func add(to routes: inout Routes) {
    routes.get("/api/v1/worker-protocol", welcome)
    routes.post("/api/v1/workers", register)
    routes.get("/api/v1/workers/{id}", show)
    routes.delete("/api/v1/workers/{id}", retire)
    routes.post("/api/v1/workers/{id}/claim", claim)
    routes.post("/api/v1/workers/{id}/heartbeat", beat)
    routes.post("/api/v1/workers/{id}/reports", report)
    routes.post("/api/v1/workers/{id}/release", release)
    routes.post("/api/v1/workers/{id}/questions", answer)
    routes.post("/api/v1/workers/{id}/diagnoses", diagnose)
    routes.post("/api/v1/workers/{id}/earlier-lives", recoverEarlierLives)
    routes.get("/api/v1/workers/{id}/rhythms", rhythms)
    routes.getOnly("/api/v1/workers/{id}/signals", signals)
  }

  @concurrent
  private func welcome(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(
      RemoteWelcome(protocolVersion: RemoteProtocol.version, version: version))
  }

  // MARK: A worker's life

  private static let registrationMembers = [
    "protocol", "name", "host", "boot_id", "process_id", "process_start_ticks", "slots", "kinds",
    "version", "heartbeat_interval_seconds",
  ]

  @concurrent
  private func register(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: Self.registrationMembers)
    try Self.checkProtocol(body)
    let worker = try Self.registration(body, from: context.address)
    let store = store(of: context)
    let life = try await asking(context) { () async throws(StoreError) in
      try await store.registerWorker(worker)
    }
    context.logger.notice(
      "a remote worker has registered",
      metadata: ["worker": .string(life.name.visible), "host": .string(life.host.visible)])
    return try .json(
      RemoteLife(
        workerID: life.id, name: life.name, host: life.host,
        protocolVersion: RemoteProtocol.version, version: version),
      status: .created, headers: [.location: "/api/v1/workers/\(life.id)"])
  }

  private static func checkProtocol(_ body: JSONBody) throws(Problem) {
    guard let spoken = try body.wholeNumber("protocol", in: 0...1_000_000) else {
      throw .invalid("protocol", "“protocol” is missing; it must be \(RemoteProtocol.version).")
    }
    guard spoken == RemoteProtocol.version else {
      throw Problem(
        .protocolVersion,
        "The worker speaks version \(spoken) of the protocol; this server speaks "
          + "\(RemoteProtocol.version).", field: "protocol",
        members: ["protocol": .int(Int64(RemoteProtocol.version))])
    }
  }

  /// Who does not say which process of which boot it is, is on a host of its own: no worker then takes it for an earlier life.
  private static func registration(
    _ body: JSONBody, from peer: String
  ) throws(Problem) -> WorkerRegistration {
    let host = try body.text("host", most: 255) ?? peer
    let bootID = try body.text("boot_id", most: 64)
    return WorkerRegistration(
      name: try body.requiredText("name", most: 255),
      host: bootID == nil ? "remote:\(host)" : host, bootID: bootID ?? "",
      processID: Int32(try body.wholeNumber("process_id", in: 0...Int64(Int32.max)) ?? 0),
      processStartTicks: UInt64(
        try body.wholeNumber("process_start_ticks", in: 0...Int64.max) ?? 0),
      slots: Int(try body.wholeNumber("slots", in: 1...10_000) ?? 1),
      kinds: try body.names("kinds") ?? [],
      version: try body.text("version", most: 64) ?? "",
      heartbeatIntervalSeconds: try body.number("heartbeat_interval_seconds", in: 0.05...3600)
        ?? 30)
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(try await visible(context))
  }

  @concurrent
  private func retire(_ request: Request, _ context: ServerContext) async throws -> Response {
    let worker = try await record(context)
    let store = store(of: context)
    try await asking(context) { () async throws(StoreError) in
      try await store.retireWorker(worker.life)
    }
    return Response(status: .noContent)
  }

  private struct EarlierLives: Encodable {
    /// Those whose scans are still theirs.
    var lives: [WorkerRecord]
    /// The scans that went back into the queue.
    var scans: [Scan]
  }

  @concurrent
  private func recoverEarlierLives(
    _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(request, known: ["gone"])
    let gone = Set(try body.names("gone") ?? [])
    let life = try await record(context).life
    let lives = LifeList()
    let store = store(of: context)
    let scans = try await asking(context) { () async throws(StoreError) in
      try await store.recoverEarlierLives(of: life) { earlier in
        lives.add(earlier)
        return gone.contains(earlier.id)
      }
    }
    return try .json(EarlierLives(lives: lives.all, scans: scans))
  }

  // MARK: For all calls

  /// The scans that the caller may run: its tenant's, or all of them.
  func store(of context: ServerContext) -> any ScanStore { store.seen(by: context.caller) }

  /// The worker that the path names, if the caller may be that worker.
  ///
  /// - Throws: ``Problem`` where there is none, ``StoreError``.
  func record(_ context: ServerContext) async throws -> WorkerRecord {
    let worker = try await visible(context)
    guard context.caller.scope.includes(worker.scope) else { throw noWorker(worker.id) }
    return worker
  }

  /// The worker that the path names, if the caller may know of it.
  private func visible(_ context: ServerContext) async throws -> WorkerRecord {
    let id = context.parameters.get("id") ?? ""
    // Every id is a UUID; nothing else is worth a question.
    if let life = ScanID(id),
      let worker = try await store(of: context).worker(life: life.description)
    {
      return worker
    }
    throw noWorker(id)
  }

  private func noWorker(_ id: String) -> Problem {
    Problem(
      .workerNotFound, "There is no worker “\(id.excerpt)”: register first.")
  }

  /// The worker that the path names, which may still be given something.
  func living(_ context: ServerContext) async throws -> WorkerRecord {
    let worker = try await record(context)
    guard worker.status != "retired" else {
      throw Problem(.workerRetired, "The worker \(worker.name.visible) has signed off.")
    }
    return worker
  }

  /// Runs a call of the store. What the database refuses is told as such: a worker then writes a smaller form of it.
  func asking<Answer>(
    _ context: ServerContext, _ call: () async throws(StoreError) -> Answer
  ) async throws -> Answer {
    do throws(StoreError) {
      return try await call()
    } catch {
      guard case .statement = error else { throw error }
      context.logger.error(
        "the database refused what a remote worker sent", metadata: ["error": "\(error)"])
      if error.isSchemaMismatch { await refreshSchema(context) }
      throw Problem(
        .refusedByDatabase, "The database refused it; the server's log has its words.",
        members: ["schema_mismatch": .bool(error.isSchemaMismatch)])
    }
  }

  private func refreshSchema(_ context: ServerContext) async {
    do throws(StoreError) {
      try await store.refreshSchema()
    } catch {
      context.logger.warning(
        "the schema's copies could not be refreshed", metadata: ["error": "\(error)"])
    }
  }
}

extension WorkerRecord {
  var life: WorkerLife { WorkerLife(id: id, name: name, host: host) }
}
