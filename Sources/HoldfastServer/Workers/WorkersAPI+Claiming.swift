import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

extension WorkersAPI {
  /// What becomes due later tells nobody.
  private static let pollSeconds = 5.0
  /// From a look that the queue asked for to a second one: a claim passes over rows that another transaction holds at that moment.
  private static let secondLookSeconds = 0.1

  /// Hands out scans, and waits for them if there are none.
  @concurrent
  func claim(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["limit", "kinds", "wait_seconds"])
    let limit = Int(
      try body.wholeNumber("limit", in: 1...Int64(RemoteProtocol.maxClaims)) ?? 1)
    let wait = try body.number("wait_seconds", in: 0...RemoteProtocol.maxWaitSeconds) ?? 0
    let worker = try await living(context)
    let wanted = try body.names("kinds") ?? worker.kinds
    let kinds = wanted.isEmpty ? nil : wanted
    let claims =
      wait > 0
      ? try await patientClaims(worker.life, kinds, limit, within: .seconds(wait), context)
      : try await claims(worker.life, kinds, limit, context)
    return try .json(RemoteClaims(claims: try await handedOut(claims)))
  }

  private func claims(
    _ life: WorkerLife, _ kinds: [String]?, _ limit: Int, _ context: ServerContext
  ) async throws -> [Claim] {
    let store = store(of: context)
    return try await asking(context) { () async throws(StoreError) in
      try await store.claim(for: life, kinds: kinds, limit: limit)
    }
  }

  /// Looks whenever the queue tells of something, until there is a scan or the time is over.
  private func patientClaims(
    _ life: WorkerLife, _ kinds: [String]?, _ limit: Int, within wait: Duration,
    _ context: ServerContext
  ) async throws -> [Claim] {
    let deadline = ContinuousClock.now + wait
    // Before the first look: what comes between that and the first wait is told, too.
    let ticks = store.signals(.queue)
    let (looks, look) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask(name: "claim: queue") {
        for await _ in ticks.cancelOnGracefulShutdown() {
          look.yield()
          // Cancelled with the claim.
          try? await Task.sleep(for: .seconds(Self.secondLookSeconds))
          look.yield()
        }
        // The server stops, and so does the claim.
        look.finish()
      }
      group.addTask(name: "claim: patience") {
        while ContinuousClock.now < deadline, !Task.isCancelled {
          // Cancelled with the claim.
          try? await Task.sleep(
            for: min(.seconds(Self.pollSeconds), deadline - ContinuousClock.now))
          look.yield()
        }
        look.finish()
      }
      defer { group.cancelAll() }
      look.yield()
      for await _ in looks {
        // A worker that has gone away would never learn of what it was given.
        guard context.channel.isActive else { return [] }
        let claims = try await claims(life, kinds, limit, context)
        if !claims.isEmpty { return claims }
      }
      return []
    }
  }

  private func handedOut(_ claims: [Claim]) async throws -> [RemoteClaim] {
    var handed: [RemoteClaim] = []
    for claim in claims {
      handed.append(
        RemoteClaim(
          claim, policy: policies(claim.scan.kind, claim.scan.target),
          baseline: try await store.baselineSummary(for: claim.lease)))
    }
    return handed
  }

  // MARK: Heartbeats

  @concurrent
  func beat(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(ofWorker: request, known: ["running", "scans", "minimal"])
    let pulses = try Self.pulses(body)
    let running = Int(try body.wholeNumber("running", in: 0...10_000) ?? Int64(pulses.count))
    let isMinimal = try body.flag("minimal") ?? false
    let life = try await living(context).life
    let store = store(of: context)
    let outcome = try await asking(context) { () async throws(StoreError) in
      isMinimal
        ? try await store.beatMinimally(life, leases: pulses.map(\.lease))
        : try await store.beat(life, pulses: pulses, running: running)
    }
    let lost = Set(outcome.lost)
    let standings = pulses.map { pulse in
      Self.standing(of: pulse.lease, isLost: lost.contains(pulse.lease), outcome)
    }
    return try Self.answer(
      RemoteStandings(scans: standings), isAllLost: !pulses.isEmpty && lost.count == pulses.count,
      context)
  }

  private static func pulses(_ body: JSONBody) throws(Problem) -> [Pulse] {
    guard body.members["scans"] != nil else { return [] }
    var pulses: [Pulse] = []
    let known = ["scan_id", "token", "active", "answered"]
    for scan in try body.objects("scans", most: 10_000, known: known) {
      pulses.append(
        Pulse(
          lease: try scan.lease(), isActive: try scan.flag("active") ?? false,
          hasAnswered: try scan.flag("answered") ?? false))
    }
    return pulses
  }

  private static func standing(
    of lease: Lease, isLost: Bool, _ outcome: BeatOutcome
  ) -> RemoteStandings.Standing {
    if isLost { return .init(lease, messages: [.stop(reason: .superseded)]) }
    let isLookWanted = outcome.looks.contains(lease.scanID) ? true : nil
    if let order = outcome.orders[lease.scanID] {
      return .init(
        lease, messages: [.stop(reason: .drain)], order: order, isLookWanted: isLookWanted)
    }
    let messages: [WorkerMessage] =
      switch outcome.requests[lease.scanID] {
      case .cancel: [.stop(reason: .cancel)]
      case .pause: [.stop(reason: .pause)]
      case nil: []
      }
    return .init(lease, messages: messages, isLookWanted: isLookWanted)
  }

  /// Where no lease holds that the request names, it is refused as a whole; the body is the same, so that each lease has its answer.
  static func answer(
    _ answer: some Encodable, isAllLost: Bool, _ context: ServerContext
  ) throws -> Response {
    guard isAllLost else { return try .json(answer) }
    guard var members = JSONValue(parsing: try JSONText.string(answer))?.objectValue else {
      return try .json(answer)
    }
    members["stop"] = ["type": "stop", "reason": "superseded"]
    throw Problem(
      .leaseSuperseded,
      "Another attempt has the scan, or it has ended: nothing was changed. End the work.",
      members: members)
  }
}
