import HoldfastCore

/// The answers of `/api/admin/*`, with the very keys of the runbook of stuck website scans. What Holdfast adds stands beside them.
enum CleanupShapes {
  /// How many stuck scans an answer names.
  static let mostScans = 500
  /// How many sentences on single scans follow the recommendations.
  static let mostDetails = 20

  static func health(_ report: HealthReport) -> [String: JSONValue] {
    let metrics = report.metrics
    return [
      "success": true,
      "healthMetrics": [
        "totalScans": .int(metrics.totalScans),
        "runningScans": .int(Int64(metrics.runningScans)),
        "staleScans": .int(Int64(metrics.staleScans)),
        "timeoutScans": .int(Int64(metrics.timeoutScans)),
        "healthScore": .int(Int64(metrics.healthScore)),
      ],
      "stuckScans": .array(report.stuckScans.prefix(mostScans).map(stuck)),
      "recommendations": .array(
        (report.recommendations + report.details.prefix(mostDetails)).map(JSONValue.string)),
      "lostPoints": .array(report.losses.map(loss)),
    ]
  }

  /// The answer to a cleanup: the health after it, and what was, or would be, done to each scan.
  static func cleanup(
    _ report: CleanupReport, health: HealthReport, dryRun: Bool
  ) -> JSONValue {
    var answer = self.health(health)
    let entries = report.plan.entries + report.plan.held
    answer["dryRun"] = .bool(dryRun)
    answer["plan"] = .string(report.plan.hash)
    answer["stuckCount"] = .int(Int64(entries.count))
    answer["cleanedCount"] = .int(
      Int64(report.outcomes.values.count { $0 == "recovered" || $0 == "ordered" }))
    answer["stuckScans"] = .array(
      entries.prefix(mostScans).map { entry in planned(entry, report.outcomes[entry.scanID]) })
    return .object(answer)
  }

  private static func stuck(_ scan: HealthReport.StuckScan) -> JSONValue {
    [
      "scanId": .string("\(scan.scanID)"), "reason": .string(scan.reason.rawValue),
      "ageMinutes": .int(Int64(scan.ageMinutes)),
      "heartbeatAgeMinutes": .int(Int64(scan.heartbeatAgeMinutes)),
    ]
  }

  private static func planned(_ entry: RecoveryPlan.Entry, _ outcome: String?) -> JSONValue {
    func minutes(_ seconds: Double) -> JSONValue {
      .int(Int64(exactly: (seconds / 60).rounded(.down)) ?? .max)
    }
    var members: [String: JSONValue] = [
      "scanId": .string("\(entry.scanID)"), "scanNumber": .int(entry.number),
      "reason": .string(entry.decision.reason.rawValue),
      "ageMinutes": minutes(entry.ageSeconds),
      "heartbeatAgeMinutes": minutes(entry.heartbeatAgeSeconds),
      "action": .string(entry.decision.action.rawValue), "why": .string(entry.decision.why),
      "verdict": .string(entry.verdict.sentence),
    ]
    if let outcome { members["outcome"] = .string(outcome) }
    return .object(members)
  }

  private static func loss(_ loss: HealthReport.Loss) -> JSONValue {
    [
      "cause": .string(loss.cause.rawValue), "points": .int(Int64(loss.points)),
      "affected": .int(Int64(loss.affected)), "total": .int(Int64(loss.total)),
      "scans": .array(loss.scans.prefix(mostScans).map(JSONValue.int)),
      "sentence": .string(loss.sentence),
    ]
  }
}
