import AsyncHTTPClient
import FoundationEssentials
package import HoldfastCore
package import HoldfastStorage
package import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// A server's scans, as a worker asks for them over HTTP.
///
/// Every call may be sent again: reports are applied once by their sequence, heartbeats and claims name what they are about. What a server
/// does not answer is ``StoreError/unavailable(_:)``, as with a database that is away, and the worker does what it does then.
package final class RemoteStore: WorkerStore {
  private struct State {
    /// The life's id, once it is registered.
    var worker: String?
    /// What came with a claim, until its attempt asks.
    var baselines: [Lease: Baseline.Summary?] = [:]
    var policies: [String: Policy] = [:]
    var follower: Task<Void, Never>?
    var isClosed = false
  }

  let caller: RemoteCaller
  let logger: Logger
  let ticks = SignalTicks()
  private let state = Mutex(State())
  private let heartbeatTimeoutSeconds: Double

  /// How long anything else than a heartbeat may take.
  static let timeoutSeconds = 30.0
  private static let mostPolicies = 1000

  /// - Parameter heartbeatIntervalSeconds: what the worker beats by; an answer that takes longer is given up, so that the next beat can go
  ///   out.
  /// - Throws: ``RemoteRefusal`` for a file of certificates that cannot be used.
  package init(
    address: ServerAddress, token: String, heartbeatIntervalSeconds: Double, logger: Logger
  ) throws(RemoteRefusal) {
    caller = try RemoteCaller(address: address, token: token)
    heartbeatTimeoutSeconds = min(10, max(2, heartbeatIntervalSeconds))
    self.logger = logger
  }

  /// What holds for a kind's target, as the server has told with a claim.
  package func policy(kind: String, target: String) -> Policy? {
    state.withLock { $0.policies["\(kind)\n\(target)"] }
  }

  package func signals(_ channel: SignalChannel) -> AsyncStream<Void> {
    let stream = ticks.stream(channel)
    state.withLock { state in
      guard state.follower == nil, !state.isClosed, let worker = state.worker else { return }
      let follower = SignalFollower(caller: caller, ticks: ticks, logger: logger)
      // Unstructured: it serves all streams, until the store is closed.
      state.follower = Task(name: "signals of the server") { await follower.run(worker: worker) }
    }
    return stream
  }

  package func close() async {
    let follower = state.withLock { state in
      state.isClosed = true
      return state.follower
    }
    follower?.cancel()
    await follower?.value
    ticks.finish()
    do {
      try await caller.client.shutdown()
    } catch {
      logger.debug("the HTTP client did not end well", metadata: ["error": "\(error)"])
    }
  }

  // MARK: Calls

  private func path(_ rest: String = "", of worker: String) -> String {
    "/api/v1/workers/\(worker)\(rest)"
  }

  private func post<Result: Decodable & Sendable>(
    _ path: String, _ body: some Encodable & Sendable, seconds: Double = timeoutSeconds,
    as type: Result.Type = Result.self
  ) async throws(StoreError) -> Result {
    let answer = try await caller.send(.POST, path, body, seconds: seconds)
    let isWhole = (200..<300).contains(answer.status)
    // All leases that the request named are superseded: the body tells it of each.
    guard isWhole || answer.problemName == "lease-superseded" else { throw caller.failure(answer) }
    return try await decoded(answer)
  }

  /// The life's id; `nil` before it is registered.
  var worker: String? { state.withLock(\.worker) }

  @concurrent
  func decoded<Result: Decodable & Sendable>(
    _ answer: RemoteCaller.Answer
  ) async throws(StoreError) -> Result {
    do {
      return try JSONDecoder().decode(Result.self, from: Data(answer.body.readableBytesView))
    } catch {
      throw .unavailable("the server's answer cannot be read: \(error)")
    }
  }
}

// MARK: A worker's life

extension RemoteStore {
  package func registerWorker(
    _ worker: WorkerRegistration
  ) async throws(StoreError) -> WorkerLife {
    let life: RemoteLife = try await post("/api/v1/workers", RemoteRegistration(worker))
    state.withLock { $0.worker = life.workerID }
    return WorkerLife(id: life.workerID, name: life.name, host: life.host)
  }

  package func retireWorker(_ life: WorkerLife) async throws(StoreError) {
    let answer = try await caller.send(
      .DELETE, path(of: life.id), Optional<RemoteWelcome>.none, seconds: 5)
    guard (200..<300).contains(answer.status) else { throw caller.failure(answer) }
  }

  package func claim(
    for life: WorkerLife, kinds: [String]?, limit: Int
  ) async throws(StoreError) -> [Claim] {
    let wish = RemoteClaimWish(
      limit: min(limit, RemoteProtocol.maxClaims), kinds: kinds ?? [], waitSeconds: 0)
    let answer: RemoteClaims = try await post(path("/claim", of: life.id), wish)
    var claims: [Claim] = []
    for remote in answer.claims {
      guard let claim = remote.claim else {
        throw .unavailable("the server's answer cannot be read: a claim lacks its “start”")
      }
      state.withLock { state in
        state.baselines[claim.lease] = .some(remote.baseline)
        if state.policies.count >= Self.mostPolicies { state.policies = [:] }
        state.policies["\(claim.scan.kind)\n\(claim.scan.target)"] = remote.policy
      }
      claims.append(claim)
    }
    return claims
  }

  /// A worker over HTTP comes with no scan of its own.
  package func claim(_ id: ScanID, for life: WorkerLife) async throws(StoreError) -> Claim? { nil }

  package func beat(
    _ life: WorkerLife, pulses: [Pulse], running: Int
  ) async throws(StoreError) -> BeatOutcome {
    let scans = pulses.map {
      RemoteHeartbeat.Pulse($0.lease, isActive: $0.isActive, hasAnswered: $0.hasAnswered)
    }
    return try await beat(life, RemoteHeartbeat(running: running, scans: scans))
  }

  package func beatMinimally(
    _ life: WorkerLife, leases: [Lease]
  ) async throws(StoreError) -> BeatOutcome {
    let scans = leases.map {
      RemoteHeartbeat.Pulse($0, isActive: false, hasAnswered: false)
    }
    return try await beat(
      life, RemoteHeartbeat(running: leases.count, scans: scans, isMinimal: true))
  }

  private func beat(
    _ life: WorkerLife, _ beat: RemoteHeartbeat
  ) async throws(StoreError) -> BeatOutcome {
    let answer: RemoteStandings = try await post(
      path("/heartbeat", of: life.id), beat, seconds: heartbeatTimeoutSeconds)
    var outcome = BeatOutcome(lost: [], requests: [:])
    for scan in answer.scans {
      if scan.isLookWanted == true { outcome.looks.insert(scan.scanID) }
      if let order = scan.order {
        outcome.orders[scan.scanID] = order
        continue
      }
      switch scan.stop {
      case .superseded: outcome.lost.append(scan.lease)
      case .cancel: outcome.requests[scan.scanID] = .cancel
      case .pause: outcome.requests[scan.scanID] = .pause
      case .drain, nil: break
      }
    }
    return outcome
  }

  private struct Gone: Codable, Sendable {
    var gone: [String]
  }

  private struct EarlierLives: Codable, Sendable {
    var lives: [WorkerRecord]
    var scans: [Scan]
  }

  package func recoverEarlierLives(
    of life: WorkerLife, isGone: @Sendable @escaping (WorkerRecord) -> Bool
  ) async throws(StoreError) -> [Scan] {
    let path = path("/earlier-lives", of: life.id)
    let found: EarlierLives = try await post(path, Gone(gone: []))
    // Whether a process is gone can be seen here alone.
    let gone = found.lives.filter(isGone).map(\.id)
    guard !gone.isEmpty else { return [] }
    let recovered: EarlierLives = try await post(path, Gone(gone: gone))
    return recovered.scans
  }

  package func knowsWorker(life id: String) async throws(StoreError) -> Bool {
    let answer = try await caller.send(
      .GET, path(of: id), Optional<RemoteWelcome>.none, seconds: Self.timeoutSeconds)
    if answer.problemName == "worker-not-found" { return false }
    guard answer.status == 200 else { throw caller.failure(answer) }
    return true
  }

  /// The server sees to it itself, where its database has refused something.
  package func refreshSchema() async throws(StoreError) {}
}

// MARK: Reports

extension RemoteStore {
  package func report(_ reports: [AttemptReport]) async throws(StoreError) -> [ReportOutcome] {
    guard !reports.isEmpty else { return [] }
    return try await send(RemoteReports(reports: reports.map(RemoteReport.init)))
  }

  package func reportMinimally(
    _ report: AttemptReport
  ) async throws(StoreError) -> ReportOutcome {
    let outcomes = try await send(
      RemoteReports(reports: [RemoteReport(report)], isMinimal: true))
    return outcomes[0]
  }

  private func send(_ reports: RemoteReports) async throws(StoreError) -> [ReportOutcome] {
    guard let worker = state.withLock(\.worker) else {
      throw .unavailable("the worker has not registered yet")
    }
    let answer: RemoteOutcomes = try await post(path("/reports", of: worker), reports)
    guard answer.outcomes.count == reports.reports.count else {
      throw .unavailable("the server's answer is not whole")
    }
    return answer.outcomes.map { $0.outcome == .applied ? .applied : .superseded }
  }

  package func recordDiagnosis(
    _ diagnosis: JSONValue, of lease: Lease, attempt: Int
  ) async throws(StoreError) -> Bool {
    struct Stored: Codable, Sendable {
      var stored: Bool
    }
    guard let worker = state.withLock(\.worker) else {
      throw .unavailable("the worker has not registered yet")
    }
    let answer: Stored = try await post(
      path("/diagnoses", of: worker),
      RemoteDiagnosis(lease, attempt: attempt, diagnosis: diagnosis))
    return answer.stored
  }
}

// MARK: Baselines

extension RemoteStore {
  /// It came with the claim.
  package func baselineSummary(for lease: Lease) async throws(StoreError) -> Baseline.Summary? {
    guard let summary = state.withLock({ $0.baselines.removeValue(forKey: lease) }) else {
      // Without it a scan would take everything for new.
      throw .statement("what the previous scan left came with a claim that is not known here")
    }
    return summary
  }

  package func baselineEntries(
    for lease: Lease, after: Baseline.PartID?, limit: Int
  ) async throws(StoreError) -> [Baseline.Entry] {
    var entries: [Baseline.Entry] = []
    var last = after
    while entries.count < limit {
      let (some, isLast) = try await nextEntries(lease, after: last)
      entries += some
      guard !isLast, let end = some.last else { break }
      last = end.id
    }
    return Array(entries.prefix(limit))
  }

  private func nextEntries(
    _ lease: Lease, after: Baseline.PartID?
  ) async throws(StoreError) -> (entries: [Baseline.Entry], isLast: Bool) {
    let after = after.map { Data($0.bytes).base64EncodedString() }
    guard
      case .baselineIndex(let text, let isLast) = try await ask(
        lease, .readBaselineIndex, after: after),
      let bytes = Data(base64Encoded: text), bytes.count.isMultiple(of: 32)
    else { throw Self.unexpected }
    let entries = stride(from: bytes.startIndex, to: bytes.endIndex, by: 32).compactMap {
      start -> Baseline.Entry? in
      guard let id = Baseline.PartID(bytes: bytes[start..<start + 16]),
        let fingerprint = Baseline.PartID(bytes: bytes[start + 16..<start + 32])
      else { return nil }
      return Baseline.Entry(id: id, fingerprint: fingerprint)
    }
    return (entries, isLast)
  }

  package func baselineContents(
    for lease: Lease, ids: [Baseline.PartID]
  ) async throws(StoreError) -> [WorkerMessage.BaselineContent] {
    let names = ids.map { Data($0.bytes).base64EncodedString() }
    guard case .baselineParts(let parts, _) = try await ask(lease, .readBaselineParts(ids: names))
    else { throw Self.unexpected }
    return parts
  }

  package func settle(
    _ lease: Lease, removalLimit: Int64?
  ) async throws(StoreError) -> WorkerMessage.Settlement? {
    switch try await ask(lease, .settle(removalLimit: removalLimit)) {
    case .settled(let settlement): return settlement
    case .stop(reason: .superseded): return nil
    default: throw Self.unexpected
    }
  }

  private static var unexpected: StoreError {
    .unavailable("the server's answer is not the one to the question")
  }

  private func ask(
    _ lease: Lease, _ message: RunnerMessage, after: String? = nil
  ) async throws(StoreError) -> WorkerMessage {
    guard let worker = state.withLock(\.worker) else {
      throw .unavailable("the worker has not registered yet")
    }
    let answer = try await caller.send(
      .POST, path("/questions", of: worker),
      RemoteQuestion(lease, message: message, after: after), seconds: Self.timeoutSeconds)
    if answer.problemName == "lease-superseded" { return .stop(reason: .superseded) }
    guard answer.status == 200 else { throw caller.failure(answer) }
    return try await decoded(answer)
  }
}
