import HoldfastCore
import Yams

/// Reads one group of `holdfast.yaml` member by member, and notes whatever is wrong with its place.
struct GroupReader {
  /// As the messages call the group: `jwt.ci`.
  let path: String
  let file: String
  private let mark: Mark?
  /// By name, in the order of the file.
  private(set) var members: [(name: String, key: Node, value: Node)] = []
  private(set) var problems: [ConfigurationError.Problem] = []

  /// - Parameter known: the names that members may have; `nil` for any.
  init(_ node: Node, path: String, file: String, known: [String]?) {
    self.path = path
    self.file = file
    mark = node.mark
    guard case .mapping(let mapping) = node else {
      let takes = known.map { "a group of settings (\($0.joined(separator: ", ")))" }
      refuse(node.mark, "“\(path)” takes \(takes ?? "names, each with what belongs to it")")
      return
    }
    for (key, value) in mapping {
      guard let name = key.scalar?.string, !name.isEmpty else {
        refuse(key.mark, "a name in “\(path)” is a plain word")
        continue
      }
      if let known, !known.contains(name) {
        let shown = DisplayText.escaped(name)
        let nearest = NearestName.of(name, among: known).map { "; did you mean “\($0)”?" }
        let hint = nearest ?? "; there are \(known.joined(separator: ", "))"
        refuse(key.mark, "there is no “\(shown)” in “\(path)”" + hint)
        continue
      }
      members.append((name, key, value))
    }
  }

  func has(_ name: String) -> Bool { members.contains { $0.name == name } }

  mutating func text(_ name: String) -> String? {
    guard let member = member(name) else { return nil }
    guard let text = member.scalar?.string, !text.isEmpty else {
      refuse(member.mark, "\(path).\(name) takes a text")
      return nil
    }
    return text
  }

  mutating func requiredText(_ name: String) -> String? {
    if !has(name) { refuse(mark, "\(path) needs “\(name)”") }
    return text(name)
  }

  /// A list of texts, or one alone.
  mutating func texts(_ name: String) -> [String]? {
    guard let member = member(name) else { return nil }
    var texts: [String] = []
    switch member {
    case .scalar(let scalar): texts = [scalar.string]
    case .sequence(let sequence): texts = sequence.map { $0.scalar?.string ?? "" }
    case .mapping, .alias: break
    }
    guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty }) else {
      refuse(member.mark, "\(path).\(name) takes a list of texts")
      return nil
    }
    return texts
  }

  mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
    guard let member = member(name) else { return nil }
    guard let text = member.scalar?.string, let number = Double(text), range.contains(number) else {
      refuse(
        member.mark,
        "\(path).\(name) takes a number from \(PolicyValue.number(range.lowerBound)) to "
          + "\(PolicyValue.number(range.upperBound))")
      return nil
    }
    return number
  }

  mutating func flag(_ name: String) -> Bool? {
    guard let member = member(name) else { return nil }
    switch member.scalar?.string {
    case "true": return true
    case "false": return false
    default:
      refuse(member.mark, "\(path).\(name) takes true or false")
      return nil
    }
  }

  /// A role by its name.
  ///
  /// - Parameter known: those that are possible here.
  mutating func role(_ name: String, of known: [Role] = Role.allCases) -> Role? {
    text(name).flatMap { role($0, of: "\(path).\(name)", member(name)?.mark, known) }
  }

  /// A group of names with texts.
  mutating func textsByName(_ name: String) -> [String: String]? {
    guard let member = member(name) else { return nil }
    let group = GroupReader(member, path: "\(path).\(name)", file: file, known: nil)
    problems += group.problems
    var texts: [String: String] = [:]
    for (key, _, value) in group.members {
      guard let text = value.scalar?.string, !text.isEmpty else {
        refuse(value.mark, "\(path).\(name).\(DisplayText.escaped(key)) takes a text")
        continue
      }
      texts[key] = text
    }
    return texts
  }

  /// A group of names with roles.
  mutating func roles(_ name: String) -> [String: Role]? {
    let mark = member(name)?.mark
    guard let texts = textsByName(name) else { return nil }
    return texts.sorted { $0.key < $1.key }.reduce(into: [:]) { roles, pair in
      roles[pair.key] = role(
        pair.value, of: "\(path).\(name).\(DisplayText.escaped(pair.key))", mark)
    }
  }

  /// A tenant's name, or `*`.
  mutating func tenant(_ name: String) -> String? {
    guard let text = text(name) else { return nil }
    checkTenant(text, name)
    return text
  }

  mutating func checkTenant(_ text: String, _ name: String) {
    guard text != TenantScope.allName, !TenantScope.isTenantName(text) else { return }
    refuse(
      member(name)?.mark,
      "\(path).\(name): “\(DisplayText.escaped(text))” names no tenant: lower-case letters, digits "
        + "and hyphens, or * for all")
  }

  mutating func refuse(member name: String, _ text: String) {
    refuse(members.first { $0.name == name }?.key.mark ?? mark, "\(path)\(text)")
  }

  private func member(_ name: String) -> Node? { members.first { $0.name == name }?.value }

  private mutating func role(
    _ text: String, of path: String, _ mark: Mark?, _ known: [Role] = Role.allCases
  ) -> Role? {
    if let role = Role(rawValue: text), known.contains(role) { return role }
    let names = known.map(\.rawValue)
    let nearest = NearestName.of(text, among: names).map { "; did you mean “\($0)”?" } ?? ""
    refuse(
      mark,
      "\(path): “\(DisplayText.escaped(text))” is no role: there are "
        + names.joined(separator: ", ") + nearest)
    return nil
  }

  private mutating func refuse(_ mark: Mark?, _ text: String) {
    let place = mark.map { "\(file):\($0.line):\($0.column)" } ?? file
    problems.append(.init(place: place, text: text))
  }
}
