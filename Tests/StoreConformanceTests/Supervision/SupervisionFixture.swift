import HoldfastCore
import HoldfastStorage
import Testing

/// Scans in every kind of trouble, made by moving their stored times into the past: supervision goes by the database's
/// clock alone, so that a test need not wait for it.
extension Fixture {
  /// A time so many seconds ago, as SQL that any shell understands.
  func ago(_ seconds: Double) -> String {
    switch database {
    case .sqlite: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(seconds) seconds')"
    case .postgres: "now() - interval '\(seconds) seconds'"
    }
  }

  /// Sets columns of a scan outside Holdfast: `("last_activity_at", ago(200))`.
  func set(_ columns: (String, String)..., of id: ScanID) async throws {
    let list = columns.map { "\($0.0) = \($0.1)" }.joined(separator: ", ")
    try await shell("UPDATE scans SET \(list) WHERE id = '\(id)'")
  }

  /// Moves everything that the scan has to show into the past.
  func age(_ id: ScanID, seconds: Double) async throws {
    let past = ago(seconds)
    try await set(
      ("created_at", past), ("claimed_at", past), ("last_activity_at", past),
      ("progress_at", past), ("check_at", past), of: id)
  }

  /// What is to be done about this scan now.
  func entry(
    for id: ScanID, policy: Policy = .default(for: "library")
  ) async throws -> RecoveryPlan.Entry {
    let page = try await store.snapshots(of: [id])
    let plan = RecoveryPlan.make(page.rows.map(\.snapshot), policy: { _ in policy }, now: page.now)
    return try #require(plan.entries.first, "nothing is due: \(page.rows)")
  }

  func events(of id: ScanID) async throws -> [ScanEvent] {
    try await store.events(of: id, cursor: nil, limit: 1000).items
  }

  /// All due scans, page by page.
  func due(pages limit: Int) async throws -> [Int64] {
    var numbers: [Int64] = []
    var cursor: DueCursor?
    repeat {
      let page = try await store.due(after: cursor, limit: limit)
      numbers += page.rows.map(\.snapshot.number)
      cursor = page.rows.isEmpty ? nil : page.next
    } while cursor != nil
    return numbers
  }
}

/// The troubles of a scan, one for each column on which a recovery may rest.
enum Trouble: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case silent, still, overTime, deafToCancel, unclaimed

  var testDescription: String { rawValue }

  var column: RecoveryGuard.Column {
    switch self {
    case .silent: .lastActivityAt
    case .still: .progressAt
    case .overTime: .claimedAt
    case .deafToCancel: .requestedAt
    case .unclaimed: .runAt
    }
  }

  var policy: Policy {
    var policy = Policy.default(for: "library")
    policy.onPendingTimeout = .fail
    return policy
  }

  /// What becomes of the scan.
  var status: ScanStatus {
    switch self {
    case .silent, .still, .overTime: .pending
    case .deafToCancel: .cancelled
    case .unclaimed: .failed
    }
  }

  var reason: Reason {
    switch self {
    case .silent: .workerLost
    case .still: .progressStalled
    case .overTime: .runtimeTimeout
    case .deafToCancel: .manualIntervention
    case .unclaimed: .pendingTimeout
    }
  }

  /// A scan in this trouble.
  func make(in fixture: Fixture) async throws -> Scan {
    if self == .unclaimed {
      let scan = try await fixture.submit(.sample())
      try await fixture.set(
        ("run_at", fixture.ago(600)), ("check_at", fixture.ago(1)), of: scan.id)
      return try await fixture.scan(scan.id)
    }
    let life = try await fixture.worker()
    let claim = try await fixture.running(by: life)
    let id = claim.scan.id
    try await fixture.report(
      AttemptReport(
        lease: claim.lease, checkpoint: ["at": 5], progress: Progress(done: 5, step: "walk")))
    switch self {
    case .silent:
      try await fixture.age(id, seconds: 200)
      try await fixture.shell("UPDATE workers SET last_heartbeat_at = \(fixture.ago(200))")
    case .still:
      try await fixture.set(
        ("claimed_at", fixture.ago(700)), ("progress_at", fixture.ago(650)), of: id)
    case .overTime: try await fixture.set(("claimed_at", fixture.ago(31 * 60)), of: id)
    case .deafToCancel:
      _ = try await fixture.store.act(.cancel, on: id, by: "op", reason: "enough")
      try await fixture.set(
        ("claimed_at", fixture.ago(300)), ("requested_at", fixture.ago(100)), of: id)
    case .unclaimed: break
    }
    try await fixture.set(("check_at", fixture.ago(1)), of: id)
    return try await fixture.scan(id)
  }
}
