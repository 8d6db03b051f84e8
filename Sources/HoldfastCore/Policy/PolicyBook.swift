/// All that a configuration says of policies: a preset, overrides for kinds, overrides for targets.
/// It answers what holds for a scan: built-in, then preset, then kind, then target, the later layer
/// winning field by field.
package struct PolicyBook: Sendable, Hashable {
  /// An override for the targets of a kind that match a pattern.
  package struct Target: Sendable, Hashable {
    package var kind: String
    /// The whole target, with `*` for any run of characters and `?` for one.
    package var pattern: String
    package var override: PolicyOverride

    package init(kind: String, pattern: String, override: PolicyOverride) {
      self.kind = kind
      self.pattern = pattern
      self.override = override
    }
  }

  package var preset: PolicyPreset?
  package var kinds: [String: PolicyOverride]
  /// In the order written; where several match, the last one wins.
  package var targets: [Target]

  package init(
    preset: PolicyPreset? = nil, kinds: [String: PolicyOverride] = [:], targets: [Target] = []
  ) {
    self.preset = preset
    self.kinds = kinds
    self.targets = targets
  }

  /// The kinds that a configuration can name: those of the product, some ahead of their scanners.
  package static let kindNames = ["library", "site", "portal", "dependencies", "command"]

  /// All kinds that something can be said of, by name: the product's, and those that an operator has declared.
  package func names(with kinds: KindBook) -> [String] {
    Set(Self.kindNames).union(self.kinds.keys).union(kinds.names).sorted()
  }

  /// The shortest heartbeat interval that holds for any scan: a worker beats at least so often.
  package var shortestHeartbeatSeconds: Double {
    let all =
      Set(Self.kindNames).union(kinds.keys).map { effective(kind: $0) }
      + targets.map { effective(kind: $0.kind, target: $0.pattern) }
    return all.map(\.policy.heartbeatIntervalSeconds).min() ?? 30
  }

  /// What holds for a kind, or for one of its targets.
  package func effective(kind: String, target: String? = nil) -> EffectivePolicy {
    let builtIn = Policy.default(for: kind)
    var result = EffectivePolicy(builtIn, from: .builtIn(kind: kind))
    if let preset {
      result.apply(preset.override(of: builtIn, for: kind), from: .preset(preset))
    }
    if let override = kinds[kind] { result.apply(override, from: .kind(kind)) }
    for entry in targets where entry.kind == kind {
      guard let target, Glob.matches(entry.pattern, target) else { continue }
      result.apply(entry.override, from: .target(kind: kind, pattern: entry.pattern))
    }
    return result
  }

  /// Faults that only show when the layers are put together, for each kind and target pattern named
  /// here.
  package func faults() -> [PolicyError.Fault] {
    let places =
      kinds.keys.sorted().map { ("kinds.\($0).policy", effective(kind: $0)) }
      + targets.map {
        ("kinds.\($0.kind).targets.\($0.pattern)", effective(kind: $0.kind, target: $0.pattern))
      }
    return places.flatMap { place, effective in effective.policy.faults(at: place) }
  }
}

extension Policy {
  /// Every field that is outside its bounds, and every pair that contradicts each other.
  package func faults(at place: String) -> [PolicyError.Fault] {
    var faults = PolicyField.allCases.compactMap { field -> PolicyError.Fault? in
      if field.value(from: self[field].json) != nil { return nil }
      return .init(
        place: place, field: field.rawValue,
        problem: "is \(self[field]); it must be \(field.domainDescription)")
    }
    if stallAfterSeconds < heartbeatIntervalSeconds {
      faults.append(
        .init(
          place: place, field: PolicyField.stallAfterSeconds.rawValue,
          problem: "is \(self[.stallAfterSeconds]); it must be at least the heartbeat interval, "
            + "\(self[.heartbeatIntervalSeconds]) s, with which activity is sampled"))
    }
    if backoffCapSeconds < backoffBaseSeconds {
      faults.append(
        .init(
          place: place, field: PolicyField.backoffCapSeconds.rawValue,
          problem: "is \(self[.backoffCapSeconds]); it must be at least backoff_base_seconds, "
            + "\(self[.backoffBaseSeconds])"))
    }
    return faults
  }
}
