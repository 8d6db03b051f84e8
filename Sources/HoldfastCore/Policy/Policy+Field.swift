extension Policy {
  /// The value of a field. Setting one of another type changes nothing;
  /// ``PolicyField/value(from:)`` makes the right one.
  package subscript(field: PolicyField) -> PolicyValue {
    get {
      switch field {
      case .heartbeatIntervalSeconds: .number(heartbeatIntervalSeconds)
      case .staleMultiple: .number(staleMultiple)
      case .stallAfterSeconds: .number(stallAfterSeconds)
      case .movement: .choice(movement.rawValue)
      case .maxRuntimeMinutes: .number(maxRuntimeMinutes)
      case .deadlineSparesProgress: .flag(deadlineSparesProgress)
      case .pendingTimeoutMinutes: .number(pendingTimeoutMinutes)
      case .onPendingTimeout: .choice(onPendingTimeout.rawValue)
      case .cancellingTimeoutSeconds: .number(cancellingTimeoutSeconds)
      case .waitingCapMinutes: .number(waitingCapMinutes)
      case .exclusivity: .choice(exclusivity.rawValue)
      case .onStuck: .choice(onStuck.rawValue)
      case .maxAttempts: .whole(maxAttempts)
      case .maxCrashes: .whole(maxCrashes)
      case .backoffBaseSeconds: .number(backoffBaseSeconds)
      case .backoffCapSeconds: .number(backoffCapSeconds)
      case .suspicion: .choice(suspicion.rawValue)
      case .suspicionRate: .number(suspicionRate)
      case .suspicionFloorSeconds: .number(suspicionFloorSeconds)
      case .slowBelowRate: .number(slowBelowRate)
      case .checkAgeHours: .number(checkAgeHours)
      case .keepItemsDays: .number(keepItemsDays)
      case .keepEventsDays: .number(keepEventsDays)
      case .keepScansDays: .number(keepScansDays)
      }
    }
    set {
      switch newValue {
      case .number(let value): set(field, to: value)
      case .whole(let value): set(field, to: value)
      case .choice(let value): set(field, to: value)
      case .flag(let value): if field == .deadlineSparesProgress { deadlineSparesProgress = value }
      }
    }
  }

  private mutating func set(_ field: PolicyField, to value: Double) {
    switch field {
    case .heartbeatIntervalSeconds: heartbeatIntervalSeconds = value
    case .staleMultiple: staleMultiple = value
    case .stallAfterSeconds: stallAfterSeconds = value
    case .maxRuntimeMinutes: maxRuntimeMinutes = value
    case .pendingTimeoutMinutes: pendingTimeoutMinutes = value
    case .cancellingTimeoutSeconds: cancellingTimeoutSeconds = value
    case .waitingCapMinutes: waitingCapMinutes = value
    case .backoffBaseSeconds: backoffBaseSeconds = value
    case .backoffCapSeconds: backoffCapSeconds = value
    case .suspicionRate: suspicionRate = value
    case .suspicionFloorSeconds: suspicionFloorSeconds = value
    case .slowBelowRate: slowBelowRate = value
    case .checkAgeHours: checkAgeHours = value
    case .keepItemsDays: keepItemsDays = value
    case .keepEventsDays: keepEventsDays = value
    case .keepScansDays: keepScansDays = value
    case .movement, .deadlineSparesProgress, .onPendingTimeout, .exclusivity, .onStuck,
      .maxAttempts, .maxCrashes, .suspicion:
      break
    }
  }

  private mutating func set(_ field: PolicyField, to value: Int) {
    switch field {
    case .maxAttempts: maxAttempts = value
    case .maxCrashes: maxCrashes = value
    default: break
    }
  }

  private mutating func set(_ field: PolicyField, to name: String) {
    switch field {
    case .movement: movement = Movement(rawValue: name) ?? movement
    case .onPendingTimeout:
      onPendingTimeout = OnPendingTimeout(rawValue: name) ?? onPendingTimeout
    case .exclusivity: exclusivity = Exclusivity(rawValue: name) ?? exclusivity
    case .onStuck: onStuck = OnStuck(rawValue: name) ?? onStuck
    case .suspicion: suspicion = SuspicionUse(rawValue: name) ?? suspicion
    default: break
    }
  }
}

extension Policy: Codable {
  package init(from decoder: any Decoder) throws {
    let json = try JSONValue(from: decoder)
    do {
      self = try PolicyOverride(json, at: "policy").applied(to: .default(for: ""))
    } catch {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    let members = PolicyField.allCases.map { ($0.rawValue, self[$0].json) }
    try JSONValue.object(Dictionary(uniqueKeysWithValues: members)).encode(to: encoder)
  }
}
