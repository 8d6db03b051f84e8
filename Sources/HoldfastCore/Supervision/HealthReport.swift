/// How well the scans do, as a number from 0 to 100 of which every lost point is linked to what
/// lost it.
///
/// The formula, published: from 100 are taken, each rounded up to a whole point,
///
/// | at most | for |
/// | --- | --- |
/// | 30 | the share of running scans whose heartbeat is stale |
/// | 30 | the share of running scans that are out of time |
/// | 20 | the share of running scans that do not advance, or do not stop |
/// | 10 | the share of pending and paused scans that are stuck |
/// | 10 | the share of known workers that are lost |
///
/// Each limit is looked at by itself, so a scan that died long ago costs points for its heartbeat,
/// for its time and for its progress. One stale scan of two running ones, still within its time
/// and its stall window, gives the 85 of the runbook of stuck website scans; all of everything
/// gives 0.
package struct HealthReport: Sendable, Hashable {
  package enum Cause: String, Sendable, Hashable, Codable, CaseIterable {
    case stale, timeout, stalled, pending, workers

    /// The most that it can take.
    package var weight: Int {
      switch self {
      case .stale, .timeout: 30
      case .stalled: 20
      case .pending, .workers: 10
      }
    }

    /// What a limit that is passed counts as.
    init(_ reason: Reason, of status: ScanStatus) {
      self =
        switch reason {
        case _ where status != .running: .pending
        case .runtimeTimeout: .timeout
        case .progressStalled, .manualIntervention: .stalled
        default: .stale
        }
    }
  }

  /// Points that are gone, and what took them.
  package struct Loss: Sendable, Hashable, Codable {
    package var cause: Cause
    package var points: Int
    /// Of how many.
    package var affected: Int
    package var total: Int
    /// The numbers of the scans, ascending; empty for lost workers.
    package var scans: [Int64]
    package var sentence: String
  }

  /// A stuck scan as the runbook's health check shows it.
  package struct StuckScan: Sendable, Hashable, Codable {
    package var scanID: ScanID
    package var reason: Reason
    /// Since it was created, whole minutes.
    package var ageMinutes: Int
    package var heartbeatAgeMinutes: Int

    enum CodingKeys: String, CodingKey {
      case scanID = "scanId"
      case reason, ageMinutes, heartbeatAgeMinutes
    }
  }

  /// The numbers of the runbook's `healthMetrics`.
  package struct Metrics: Sendable, Hashable, Codable {
    package var totalScans: Int64
    package var runningScans: Int
    package var staleScans: Int
    package var timeoutScans: Int
    package var healthScore: Int
  }

  package var metrics: Metrics
  package var losses: [Loss]
  package var stuckScans: [StuckScan]
  /// As printed in the runbook, with the numbers.
  package var recommendations: [String]
  /// One sentence for each stuck scan, by name.
  package var details: [String]

  package var score: Int { metrics.healthScore }

  /// - Parameters:
  ///   - totalScans: of any status.
  ///   - judged: active scans with their verdicts.
  ///   - statuses: how many scans there are of each status, where `judged` holds only those that may be due; `nil` where it
  ///     holds every active one.
  ///   - workers: known, and how many of them are lost.
  package init(
    totalScans: Int64, judged: [(ScanSnapshot, Verdict)],
    statuses: [ScanStatus: Int64]? = nil, workers: Int = 0, lostWorkers: Int = 0, now: Timestamp
  ) {
    let due = judged.filter { $0.1.isDue }
    func count(_ wanted: ScanStatus...) -> Int {
      guard let statuses else { return judged.count { wanted.contains($0.0.status) } }
      return wanted.reduce(0) { $0 + Int(statuses[$1] ?? 0) }
    }
    let (running, waiting) = (count(.running), count(.pending, .paused))
    var losses: [Loss] = []
    for cause in Cause.allCases where cause != .workers {
      let scans = due.filter { snapshot, verdict in
        verdict.exceeded.contains { Cause($0, of: snapshot.status) == cause }
      }
      losses.append(
        Self.loss(
          cause, affected: scans.count, total: cause == .pending ? waiting : running,
          scans: scans.map(\.0.number).sorted()))
    }
    losses.append(Self.loss(.workers, affected: lostWorkers, total: workers, scans: []))
    losses.removeAll { $0.points == 0 }
    self.losses = losses
    func affected(_ cause: Cause) -> Int { losses.first { $0.cause == cause }?.affected ?? 0 }
    metrics = Metrics(
      totalScans: totalScans, runningScans: running, staleScans: affected(.stale),
      timeoutScans: affected(.timeout),
      healthScore: 100 - losses.reduce(0) { $0 + $1.points })
    stuckScans = due.map { snapshot, verdict in
      StuckScan(
        scanID: snapshot.scanID, reason: verdict.reason ?? .heartbeatStale,
        ageMinutes: Self.minutes(snapshot.age(of: snapshot.createdAt, at: now)),
        heartbeatAgeMinutes: Self.minutes(snapshot.age(of: snapshot.heardAt, at: now)))
    }
    recommendations = losses.map { Self.recommendation($0) }
    details = due.map(\.1.sentence)
  }

  private static func loss(
    _ cause: Cause, affected: Int, total: Int, scans: [Int64]
  ) -> Loss {
    let affected = min(affected, total)
    // Rounded up in whole numbers, so that no fault is ever too small to be seen.
    let points = total > 0 ? (cause.weight * affected + total - 1) / total : 0
    return Loss(
      cause: cause, points: points, affected: affected, total: total, scans: scans,
      sentence: "−\(points): \(affected) of \(total) \(subject(cause))\(list(scans))")
  }

  private static func subject(_ cause: Cause) -> String {
    switch cause {
    case .stale: "running scans have stale heartbeats"
    case .timeout: "running scans are out of time"
    case .stalled: "running scans do not advance or do not stop"
    case .pending: "waiting scans are stuck in the queue"
    case .workers: "workers are lost"
    }
  }

  private static func list(_ scans: [Int64]) -> String {
    guard !scans.isEmpty else { return "" }
    let shown = scans.prefix(10).map(String.init).joined(separator: ", ")
    return " (\(shown)\(scans.count > 10 ? ", and \(scans.count - 10) more" : ""))"
  }

  /// “1 scans” is how the runbook prints it, and what its readers look for.
  private static func recommendation(_ loss: Loss) -> String {
    let count = loss.affected
    return switch loss.cause {
    case .stale: "\(count) scans have stale heartbeats. Check scan execution environment."
    case .timeout: "\(count) scans exceeded their maximum runtime. Check their targets and limits."
    case .stalled: "\(count) scans do not advance. Ask `holdfast why` what each one waits for."
    case .pending: "\(count) scans are stuck in the queue. Check workers and exclusive scopes."
    case .workers: "\(count) workers are lost. Check their hosts and start them again."
    }
  }

  private static func minutes(_ seconds: Double) -> Int {
    Int(exactly: (seconds / 60).rounded(.down)) ?? .max
  }
}
