/// The fields that one layer of a configuration sets.
package struct PolicyOverride: Sendable, Hashable {
  package private(set) var values: [PolicyField: PolicyValue]
  /// Where each field is written, such as `holdfast.yaml:12`; empty for what no file says.
  package private(set) var places: [PolicyField: String]

  package init(
    values: [PolicyField: PolicyValue] = [:], places: [PolicyField: String] = [:]
  ) {
    self.values = values
    self.places = places
  }

  /// Reads an object of fields (`{"stall_after_seconds": 300}`); `null` is the empty one.
  ///
  /// - Parameter place: where it stands, for errors: `kinds.portal.policy`.
  package init(_ json: JSONValue, at place: String) throws(PolicyError) {
    self.init()
    if json == .null { return }
    guard let members = json.objectValue else {
      throw PolicyError(faults: [
        .init(place: place, field: "", problem: "must be a mapping of policy fields to values")
      ])
    }
    var faults: [PolicyError.Fault] = []
    for (key, member) in members.sorted(by: { $0.key < $1.key }) {
      guard let field = PolicyField(key: key) else {
        faults.append(.init(place: place, field: key, problem: Self.unknown(key)))
        continue
      }
      if let value = field.value(from: member) {
        values[field] = value
      } else {
        faults.append(
          .init(
            place: place, field: key,
            problem: "is \(Self.shown(member)); it must be \(field.domainDescription)"))
      }
    }
    if !faults.isEmpty { throw PolicyError(faults: faults) }
  }

  package subscript(field: PolicyField) -> PolicyValue? {
    get { values[field] }
    set { values[field] = newValue }
  }

  /// - Parameter place: where it is written, such as `holdfast.yaml:12`.
  package mutating func set(_ value: PolicyValue, for field: PolicyField, at place: String?) {
    values[field] = value
    places[field] = place
  }

  /// With the fields of another above its own.
  package func overridden(by other: PolicyOverride?) -> PolicyOverride {
    var result = self
    for (field, value) in other?.values ?? [:] {
      result.set(value, for: field, at: other?.places[field])
    }
    return result
  }

  package func applied(to policy: Policy) -> Policy {
    values.reduce(into: policy) { $0[$1.key] = $1.value }
  }

  private static func unknown(_ key: String) -> String {
    let names = PolicyField.allCases.map(\.rawValue)
    let word = key.lowercased().split(separator: "_").first.map(String.init) ?? ""
    let near = names.filter { !word.isEmpty && $0.contains(word) }
    let offer = near.isEmpty ? names : near
    return "is not a field of a policy; did you mean \(offer.joined(separator: ", "))?"
  }

  /// A value as an error shows it.
  private static func shown(_ json: JSONValue) -> String {
    switch json {
    case .null: "empty"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): "“\(value)”"
    case .array: "a list"
    case .object: "a mapping"
    }
  }
}
