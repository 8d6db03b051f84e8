/// A policy with the origin of each value.
package struct EffectivePolicy: Sendable, Hashable {
  /// Where a value comes from.
  package enum Origin: Sendable, Hashable, CustomStringConvertible {
    case builtIn(kind: String)
    case preset(PolicyPreset)
    case kind(String)
    case target(kind: String, pattern: String)
    /// Given with the scan when it was submitted.
    case scan
    /// Given with one operator's command or request.
    case request

    package var description: String {
      switch self {
      case .builtIn(let kind): "built-in for \(kind)"
      case .preset(let preset): "preset \(preset.rawValue)"
      case .kind(let kind): "configuration, kind \(kind)"
      case .target(let kind, let pattern): "configuration, kind \(kind), target \(pattern)"
      case .scan: "given with the scan"
      case .request: "given with this request"
      }
    }
  }

  package private(set) var policy: Policy
  package private(set) var origins: [PolicyField: Origin]
  /// The line of the file that set a field, where one did.
  package private(set) var places: [PolicyField: String] = [:]

  package init(_ policy: Policy, from origin: Origin) {
    self.policy = policy
    origins = Dictionary(uniqueKeysWithValues: PolicyField.allCases.map { ($0, origin) })
  }

  package mutating func apply(_ override: PolicyOverride, from origin: Origin) {
    for (field, value) in override.values {
      policy[field] = value
      origins[field] = origin
      places[field] = override.places[field]
    }
  }
}

extension EffectivePolicy: Encodable {
  /// One row of `policy show`.
  package struct Row: Sendable, Hashable, Encodable {
    package var field: PolicyField
    package var value: JSONValue
    package var from: String
    /// `holdfast.yaml:12`, where a file says it.
    package var place: String?
  }

  /// In the order of ``PolicyField``.
  package var rows: [Row] {
    PolicyField.allCases.map {
      Row(
        field: $0, value: policy[$0].json, from: origins[$0]?.description ?? "",
        place: places[$0])
    }
  }

  package func encode(to encoder: any Encoder) throws { try rows.encode(to: encoder) }
}
