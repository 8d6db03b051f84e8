/// The three environments of the runbook of stuck website scans, "Environment-Specific Recovery".
package enum PolicyPreset: String, Sendable, CaseIterable, Codable {
  /// 5 minutes of runtime, stale after 2: shorter timeouts for faster feedback.
  case development
  /// 10 and 3: moderate.
  case staging
  /// 15 and 5: conservative.
  case production

  /// The runtime limit of a website scan.
  package var siteRuntimeMinutes: Double {
    switch self {
    case .development: 5
    case .staging: 10
    case .production: 15
    }
  }

  package var heartbeatStaleMinutes: Double {
    switch self {
    case .development: 2
    case .staging: 3
    case .production: 5
    }
  }

  /// What it changes in the built-in policy of a kind.
  ///
  /// The runtimes printed in the runbook are those of website scans, so other kinds get their own
  /// limit in the same proportion (a third, two thirds, the whole): 15 minutes would end every
  /// portal run. How long a heartbeat may be missing does not depend on the kind, and holds as
  /// printed.
  package func override(of builtIn: Policy, for kind: String) -> PolicyOverride {
    let share = siteRuntimeMinutes / PolicyPreset.production.siteRuntimeMinutes
    let runtime = kind == "site" ? siteRuntimeMinutes : builtIn.maxRuntimeMinutes * share
    return PolicyOverride(values: [
      .maxRuntimeMinutes: .number(runtime),
      .staleMultiple: .number(heartbeatStaleMinutes * 60 / builtIn.heartbeatIntervalSeconds),
    ])
  }
}
