import HoldfastCore
import Yams

/// Reads the `policies` of `holdfast.yaml`: for each kind its fields, and under `targets` those of the
/// targets that match a pattern. Whatever it does not know is refused with its place.
struct PolicyFile {
  private let file: String
  private let kinds: [String]
  private(set) var book = PolicyBook()
  private(set) var problems: [ConfigurationError.Problem] = []

  /// The key under a kind that is no field.
  private static let targetsKey = "targets"

  /// - Parameters:
  ///   - node: the value of `policies`.
  ///   - file: how the file is called in messages.
  ///   - declared: the kinds that the file declares.
  init(_ node: Node, file: String, declared: [String] = []) {
    self.file = file
    kinds = PolicyBook.kindNames + declared.filter { !PolicyBook.kindNames.contains($0) }
    guard let members = members(of: node, "“policies” takes kinds, such as “library:”") else {
      return
    }
    for (key, value) in members { readKind(key, value) }
  }

  private mutating func readKind(_ key: Node, _ value: Node) {
    guard let kind = name(key, among: kinds, what: "kind of scan") else { return }
    guard let fields = members(of: value, "“\(kind)” takes fields of a policy") else { return }
    var override = PolicyOverride()
    for (key, value) in fields {
      if key.scalar?.string == Self.targetsKey {
        readTargets(value, of: kind)
      } else {
        readField(key, value, into: &override)
      }
    }
    book.kinds[kind] = override
  }

  private mutating func readTargets(_ node: Node, of kind: String) {
    guard let targets = members(of: node, "“targets” takes patterns of targets, such as “/srv/*:”")
    else { return }
    for (key, value) in targets {
      guard let pattern = key.scalar?.string, !pattern.isEmpty else {
        refuse(key.mark, "a pattern of targets is a plain text")
        continue
      }
      guard
        let fields = members(
          of: value, "“\(DisplayText.escaped(pattern))” takes fields of a policy")
      else { continue }
      var override = PolicyOverride()
      for (key, value) in fields { readField(key, value, into: &override) }
      book.targets.append(.init(kind: kind, pattern: pattern, override: override))
    }
  }

  private mutating func readField(
    _ key: Node, _ value: Node, into override: inout PolicyOverride
  ) {
    let names = PolicyField.allCases.map(\.rawValue)
    guard let spelled = name(key, among: names, what: "field of a policy"),
      let field = PolicyField(rawValue: spelled)
    else { return }
    guard let scalar = value.scalar else {
      return refuse(
        value.mark, "“\(spelled)” takes \(field.domainDescription), not a list or group")
    }
    guard let read = field.value(fromText: scalar.string) else {
      return refuse(
        value.mark,
        "\(spelled): “\(DisplayText.escaped(scalar.string))” is not \(field.domainDescription)"
          + suggestion(scalar.string, field))
    }
    override.set(read, for: field, at: key.mark.map { "\(file):\($0.line)" } ?? file)
  }

  private func suggestion(_ text: String, _ field: PolicyField) -> String {
    guard case .choice(let names) = field.domain,
      let nearest = NearestName.of(text, among: names)
    else { return "" }
    return "; did you mean “\(nearest)”?"
  }

  /// The name that a key spells, if it is one of these.
  private mutating func name(_ key: Node, among names: [String], what: String) -> String? {
    guard let spelled = key.scalar?.string else {
      refuse(key.mark, "the name of a \(what) is a plain word")
      return nil
    }
    if names.contains(spelled) { return spelled }
    let shown = DisplayText.escaped(spelled)
    if let nearest = NearestName.of(spelled, among: names) {
      refuse(key.mark, "there is no \(what) “\(shown)”; did you mean “\(nearest)”?")
    } else {
      refuse(key.mark, "there is no \(what) “\(shown)”; there are \(names.joined(separator: ", "))")
    }
    return nil
  }

  /// The members of a group; a key without a value is an empty one.
  private mutating func members(of node: Node, _ expected: String) -> [(Node, Node)]? {
    switch node {
    case .mapping(let mapping): return mapping.map { ($0.key, $0.value) }
    case .scalar(let scalar) where scalar.string.isEmpty || scalar.string == "~": return []
    default:
      refuse(node.mark, expected)
      return nil
    }
  }

  private mutating func refuse(_ mark: Mark?, _ text: String) {
    let place = mark.map { "\(file):\($0.line):\($0.column)" } ?? file
    problems.append(.init(place: place, text: text))
  }
}

extension PolicyField {
  /// The value that a plain text gives this field; `nil` where it has none within the bounds.
  func value(fromText text: String) -> PolicyValue? {
    let json: JSONValue
    switch domain {
    case .number:
      // Not the hexadecimal and exponent forms that Swift reads too.
      let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
      guard isPlain, let number = Double(text) else { return nil }
      json = .double(number)
    case .whole:
      guard let number = Int64(text) else { return nil }
      json = .int(number)
    case .choice: json = .string(text)
    case .flag:
      guard text == "true" || text == "false" else { return nil }
      json = .bool(text == "true")
    }
    return value(from: json)
  }
}

extension PolicyBook {
  /// What is wrong only once the layers are put together, each at the line that brought it about.
  func problems(file: String) -> [ConfigurationError.Problem] {
    let all =
      kinds.keys.sorted().map { ("policies.\($0)", effective(kind: $0)) }
      + targets.map {
        (
          "policies.\($0.kind).targets.\(DisplayText.escaped($0.pattern))",
          effective(kind: $0.kind, target: $0.pattern)
        )
      }
    var seen: Set<ConfigurationError.Problem> = []
    return all.flatMap { name, effective in
      effective.policy.faults(at: name).map { fault in
        let field = PolicyField(rawValue: fault.field)
        let culprits: [PolicyField?] =
          switch field {
          case .stallAfterSeconds: [field, .heartbeatIntervalSeconds]
          case .backoffCapSeconds: [field, .backoffBaseSeconds]
          default: [field]
          }
        let place = culprits.lazy.compactMap { $0.flatMap { effective.places[$0] } }.first
        return ConfigurationError.Problem(place: place ?? file, text: fault.description)
      }
    }.filter { seen.insert($0).inserted }
  }
}
