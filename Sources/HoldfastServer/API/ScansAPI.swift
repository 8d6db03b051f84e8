import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/v1/scans` and what lies below: the scans themselves, their stories, and what operators do
/// to them.
struct ScansAPI: Sendable {
  let store: any ScanStore & OperatorStore
  let history: any ProgressStore
  let submitter: Submitter
  /// Without one, nobody says why, and no stuck scan is resumed.
  let cleanup: (any CleanupService)?

  func add(to routes: inout Routes) {
    routes.post("/api/v1/scans", submit)
    routes.get("/api/v1/scans", list)
    routes.get("/api/v1/scans/{id}", show)
    routes.delete("/api/v1/scans/{id}", query: ["confirm", "reason"], remove)
    routes.get("/api/v1/scans/{id}/events", events)
    routes.get("/api/v1/scans/{id}/errors", errors)
    routes.get("/api/v1/scans/{id}/items", items)
    routes.get("/api/v1/scans/{id}/progress", progress)
    routes.get("/api/v1/scans/{id}/checkpoint", checkpoint)
    if let cleanup {
      // Asking a scan's worker changes its row.
      routes.getOnly("/api/v1/scans/{id}/why") { request, context in
        try await why(cleanup, request, context)
      }
    }
    for action in OperatorAction.allCases {
      routes.post("/api/v1/scans/{id}/\(action.rawValue)") { request, context in
        try await act(action, request, context)
      }
    }
  }

  @concurrent
  private func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["kind", "params", "priority", "target"])
    let wish = try Submitter.Wish(body, request, by: context.actor)
    switch try await submitter.submit(wish, for: context.caller) {
    case .created(let scan):
      return try .json(
        scan, status: .created, headers: [.location: "/api/v1/scans/\(scan.id)"])
    case .existing(let scan): return try .json(scan)
    case .scopeHeld(let scan): throw Submitter.scopeHeld(by: scan)
    }
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(
      request,
      known: [
        "cleaned", "cursor", "kind", "limit", "search", "sort", "status", "target", "tenant",
        "verdict",
      ])
    let filter = ScanFilter(
      tenantID: try query.text("tenant", most: 64), statuses: try query.statuses(),
      kind: try query.text("kind", most: 64), target: try query.text("target", most: 4096),
      onlyCleaned: try query.flag("cleaned") ?? false, search: try query.search(),
      doubt: try query.doubt())
    return try .json(
      try await store.seen(by: context.caller).scans(
        filter, order: try query.order(), cursor: try query.cursor, limit: try query.limit()))
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(ScanDocument(try await store.scan(in: context)))
  }

  /// The only call that destroys anything, and so the scan's number is given once more, as on the command line.
  @concurrent
  private func remove(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request)
    let reason = try query.text("reason", most: 1000)
    func refused(_ number: String) -> Problem {
      .invalid(
        "confirm",
        "The scan would be removed with its items and errors, for ever: “confirm” must be its "
          + "number\(number).")
    }
    let confirmed = query["confirm"].flatMap { Int64($0) }
    guard confirmed.map({ $0 > 0 }) ?? (query["confirm"] == nil) else { throw refused("") }
    let scan = try await store.scan(in: context)
    guard confirmed == scan.number else { throw refused(", \(scan.number)") }
    try request.checkPrecondition(on: ScanDocument(scan))
    let outcome = try await store.seen(by: context.caller).delete(
      scan.id, by: context.actor, reason: reason)
    switch outcome {
    case .done(let gone): return try .json(gone)
    case .notFound: throw Problem.noScan(scan.id.description)
    case .notAllowed(let scan), .requested(let scan), .scopeHeld(let scan):
      throw Problem(
        .actionNotAllowed,
        "The scan \(scan.number) is \(scan.status.rawValue): only an ended scan can be removed.",
        members: ["scan_id": .int(scan.number), "scan_status": .string(scan.status.rawValue)])
    }
  }

  @concurrent
  private func events(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    let scan = try await store.scan(in: context)
    return try .json(
      try await store.seen(by: context.caller).events(
        of: scan.id, cursor: try query.cursor, limit: try query.limit()))
  }

  @concurrent
  private func errors(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["cursor", "limit"])
    let scan = try await store.scan(in: context)
    return try .json(
      try await store.seen(by: context.caller).errors(
        of: scan.id, cursor: try query.cursor, limit: try query.limit()))
  }

  @concurrent
  private func items(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["change", "cursor", "limit"])
    let change = try query.change()
    let scan = try await store.scan(in: context)
    return try .json(
      try await store.seen(by: context.caller).items(
        of: scan.id, change: change, cursor: try query.cursor, limit: try query.limit()))
  }

  @concurrent
  private func progress(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let scan = try await store.scan(in: context)
    let samples = try await history.seen(by: context.caller).progressSamples(of: scan.id)
    return try .json(ProgressHistory(of: scan, samples))
  }

  private func why(
    _ cleanup: any CleanupService, _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let query = try Query(request, known: ["wait"])
    var seconds = 5.0
    if let text = query["wait"] {
      guard let wait = Double(text), (0...30).contains(wait) else {
        throw Problem.invalid("wait", "“wait” must be a number of seconds from 0 to 30.")
      }
      seconds = wait
    }
    return try .json(
      try await cleanup.why(try await store.scan(in: context), waitSeconds: seconds))
  }

  private struct Checkpoint: Encodable {
    var scan: Scan

    enum CodingKeys: String, CodingKey {
      case number, attempt, checkpoint
      case scanID = "scan_id"
      case savedAt = "saved_at"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(scan.id, forKey: .scanID)
      try container.encode(scan.number, forKey: .number)
      try container.encode(scan.attempt, forKey: .attempt)
      try container.encode(scan.checkpoint ?? .null, forKey: .checkpoint)
      try container.encode(scan.checkpointAt, forKey: .savedAt)
    }
  }

  @concurrent
  private func checkpoint(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(Checkpoint(scan: try await store.scan(in: context)))
  }

  private func act(
    _ action: OperatorAction, _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let body = try await JSONBody(request, known: ["reason"])
    let reason = try body.text("reason", most: 1000)
    if request.headers[.ifMatch] != nil {
      try request.checkPrecondition(on: ScanDocument(try await store.scan(in: context)))
    }
    let outcome = try await ScanActions(store: store, cleanup: cleanup).act(
      action, reason: reason, context)
    switch outcome {
    case .done(let scan): return try .json(scan)
    case .requested(let scan): return try .json(scan, status: .accepted)
    }
  }
}

/// What operators do to scans: one way for the API and the page.
struct ScanActions: Sendable {
  let store: any ScanStore
  /// Knows which running scans are stuck, and so can be resumed; without one, none can.
  var cleanup: (any CleanupService)?

  enum Outcome: Sendable {
    case done(Scan)
    /// Its worker has been asked, and will do it.
    case requested(Scan)
  }

  /// - Throws: ``Problem`` where it cannot be done.
  func act(
    _ action: OperatorAction, reason: String?, _ context: ServerContext
  ) async throws -> Outcome {
    let scan = try await store.scan(in: context)
    if action == .resume, scan.status == .running, let cleanup {
      return try await resumeStuck(
        scan, cleanup.seen(by: context.caller), by: context.actor, reason: reason)
    }
    return try await act(action, on: scan, reason: reason, for: context.caller)
  }

  /// - Throws: ``Problem`` where it cannot be done.
  func act(
    _ action: OperatorAction, on scan: Scan, reason: String?, for caller: Caller
  ) async throws -> Outcome {
    let store = store.seen(by: caller)
    switch try await store.act(action, on: scan.id, by: caller.actor, reason: reason) {
    case .done(let scan): return .done(scan)
    case .requested(let scan): return .requested(scan)
    case .notAllowed(let scan):
      throw Problem(
        .actionNotAllowed,
        "The scan \(scan.number) is \(scan.status.rawValue): it cannot be "
          + "\(action.participle).",
        members: ["scan_id": .int(scan.number), "scan_status": .string(scan.status.rawValue)])
    case .scopeHeld(let holder): throw Submitter.scopeHeld(by: holder)
    case .notFound: throw Problem.noScan(scan.id.description)
    }
  }

  /// A running scan can be resumed only where it is stuck.
  private func resumeStuck(
    _ scan: Scan, _ cleanup: any CleanupService, by actor: String, reason: String?
  ) async throws -> Outcome {
    let outcome = try await cleanup.resumeStuck(scan.id, by: actor, reason: reason)
    let members: [String: JSONValue] = [
      "scan_id": .int(scan.number), "scan_status": .string(scan.status.rawValue),
    ]
    switch outcome {
    case .done, .ordered:
      guard let now = try await store.scan(.id(scan.id)) else {
        throw Problem.noScan(scan.id.description)
      }
      if case .done = outcome { return .done(now) }
      return .requested(now)
    case .moved:
      throw Problem(
        .actionNotAllowed,
        "The scan \(scan.number) has moved since it was looked at: nothing was changed.",
        members: members)
    case .notStuck:
      throw Problem(
        .actionNotAllowed,
        "The scan \(scan.number) is running and not stuck: it cannot be resumed.",
        members: members)
    }
  }
}

extension OperatorAction {
  /// What is done to a scan: “it cannot be …”.
  var participle: String {
    switch self {
    case .cancel: "cancelled"
    case .pause: "paused"
    case .resume: "resumed"
    case .retry: "retried"
    case .fail: "failed by hand"
    case .requeue: "requeued"
    case .revert: "reverted"
    case .reset: "reset"
    }
  }
}

extension ScanStore {
  /// The scan that the path's `{id}` names, by UUID or number.
  ///
  /// - Throws: ``Problem`` if there is none, ``StoreError``.
  func scan(in context: ServerContext) async throws -> Scan {
    let text = context.parameters.get("id") ?? ""
    guard let reference = ScanReference(text),
      let scan = try await seen(by: context.caller).scan(reference)
    else { throw Problem.noScan(text) }
    return scan
  }
}

extension Problem {
  static func noScan(_ name: String) -> Problem {
    Problem(
      .scanNotFound,
      "There is no scan “\(name.excerpt)”; name it by its UUID or its number.")
  }
}
