/// The fields of a policy by the names under which a configuration sets them, and what each may
/// hold: the one table that parsing, validation and `policy show` read.
package enum PolicyField: String, Sendable, CaseIterable, Codable {
  case heartbeatIntervalSeconds = "heartbeat_interval_seconds"
  case staleMultiple = "stale_multiple"
  case stallAfterSeconds = "stall_after_seconds"
  case movement
  case maxRuntimeMinutes = "max_runtime_minutes"
  case deadlineSparesProgress = "deadline_spares_progress"
  case pendingTimeoutMinutes = "pending_timeout_minutes"
  case onPendingTimeout = "on_pending_timeout"
  case cancellingTimeoutSeconds = "cancelling_timeout_seconds"
  case waitingCapMinutes = "waiting_cap_minutes"
  case exclusivity
  case onStuck = "on_stuck"
  case maxAttempts = "max_attempts"
  case maxCrashes = "max_crashes"
  case backoffBaseSeconds = "backoff_base_seconds"
  case backoffCapSeconds = "backoff_cap_seconds"
  case suspicion
  case suspicionRate = "suspicion_rate"
  case suspicionFloorSeconds = "suspicion_floor_seconds"
  case slowBelowRate = "slow_below_rate"
  case checkAgeHours = "check_age_hours"
  case keepItemsDays = "keep_items_days"
  case keepEventsDays = "keep_events_days"
  case keepScansDays = "keep_scans_days"

  /// What a field may hold.
  package enum Domain: Sendable, Hashable {
    /// A number within bounds, both included.
    case number(ClosedRange<Double>)
    case whole(ClosedRange<Int>)
    case choice([String])
    case flag
  }

  /// Bounds that keep a policy workable rather than wise: below them detection races its own
  /// signals, above them it is none.
  package var domain: Domain {
    let secondsPerMonth = 30.0 * 86_400
    let minutesPerYear = 365.0 * 1440
    return switch self {
    case .heartbeatIntervalSeconds: .number(0.05...3600)
    // With one interval every beat that is a moment late would be a death.
    case .staleMultiple: .number(2...100)
    // Progress is written at most once a second.
    case .stallAfterSeconds: .number(2...secondsPerMonth)
    case .movement: .choice(Policy.Movement.allCases.map(\.rawValue))
    case .maxRuntimeMinutes: .number(0.01...minutesPerYear)
    case .deadlineSparesProgress: .flag
    // A scan is first looked at when it has been in the queue for a minute.
    case .pendingTimeoutMinutes: .number(1...minutesPerYear)
    case .onPendingTimeout: .choice(Policy.OnPendingTimeout.allCases.map(\.rawValue))
    case .cancellingTimeoutSeconds: .number(1...86_400)
    case .waitingCapMinutes: .number(0...minutesPerYear)
    case .exclusivity: .choice(Policy.Exclusivity.allCases.map(\.rawValue))
    case .onStuck: .choice(Policy.OnStuck.allCases.map(\.rawValue))
    case .maxAttempts, .maxCrashes: .whole(1...1000)
    case .backoffBaseSeconds: .number(0...3600)
    case .backoffCapSeconds: .number(0...86_400)
    case .suspicion: .choice(Policy.SuspicionUse.allCases.map(\.rawValue))
    case .suspicionRate: .number(0.000_01...0.1)
    case .suspicionFloorSeconds: .number(0.1...86_400)
    case .slowBelowRate: .number(0...0.99)
    case .checkAgeHours: .number(0...8760)
    // A century; 0 is for ever.
    case .keepItemsDays, .keepEventsDays, .keepScansDays: .number(0...36_500)
    }
  }

  /// What it may hold, in words that follow “must be”.
  package var domainDescription: String {
    switch domain {
    case .number(let range):
      "a number from \(PolicyValue.number(range.lowerBound)) to \(PolicyValue.number(range.upperBound))"
    case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .choice(let names): "one of \(names.joined(separator: ", "))"
    case .flag: "true or false"
    }
  }

  /// Reads `heartbeat_interval_seconds`, and `heartbeatIntervalSeconds` too.
  package init?(key: String) {
    let snake = key.reduce(into: "") { text, character in
      if character.isUppercase { text.append("_") }
      text.append(contentsOf: character.lowercased())
    }
    guard let field = PolicyField(rawValue: snake) else { return nil }
    self = field
  }

  /// The value that `json` gives this field, or `nil` where it is of another type or outside the
  /// bounds.
  package func value(from json: JSONValue) -> PolicyValue? {
    switch domain {
    case .number(let range):
      json.doubleValue.flatMap { range.contains($0) ? .number($0) : nil }
    case .whole(let range):
      json.intValue.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? .whole($0) : nil }
    case .choice(let names):
      json.stringValue.flatMap { names.contains($0) ? .choice($0) : nil }
    case .flag: json.boolValue.map { .flag($0) }
    }
  }
}
