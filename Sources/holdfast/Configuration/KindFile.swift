import HoldfastCore
import Yams

/// Reads the `kinds` of `holdfast.yaml`: an operator's own programs as kinds of scan.
struct KindFile {
  private(set) var book = KindBook()
  private(set) var problems: [ConfigurationError.Problem] = []

  /// - Parameters:
  ///   - node: the value of `kinds`.
  ///   - file: how the file is called in messages.
  init(_ node: Node, file: String) {
    guard case .mapping(let mapping) = node else {
      problems.append(
        .init(
          place: Self.place(file, node.mark),
          text: "“kinds” takes names of kinds, each with its “command”"))
      return
    }
    for (key, value) in mapping {
      guard let name = key.scalar?.string, let json = Self.json(value) else {
        problems.append(
          .init(
            place: Self.place(file, key.mark), text: "a kind is a name with a group of settings"))
        continue
      }
      do throws(KindDeclaration.Fault) {
        book.declared[name] = try KindDeclaration(name: name, json: json)
      } catch {
        problems.append(.init(place: Self.place(file, key.mark), text: "kinds.\(error)"))
      }
    }
  }

  /// YAML as JSON; `nil` for what JSON does not have: keys that are no texts.
  private static func json(_ node: Node) -> JSONValue? {
    switch node {
    case .scalar(let scalar): return json(scalar)
    case .sequence(let sequence):
      let values = sequence.map { json($0) }
      let known = values.compactMap { $0 }
      return known.count == values.count ? .array(known) : Optional<JSONValue>.none
    case .mapping(let mapping):
      var members: [String: JSONValue] = [:]
      for (key, value) in mapping {
        guard let name = key.scalar?.string, let json = json(value) else {
          return Optional<JSONValue>.none
        }
        members[name] = json
      }
      return .object(members)
    case .alias: return Optional<JSONValue>.none
    }
  }

  /// What is quoted is a text, whatever it looks like.
  private static func json(_ scalar: Node.Scalar) -> JSONValue {
    let text = scalar.string
    guard scalar.style == .any || scalar.style == .plain else { return .string(text) }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    case "", "~", "null", "Null", "NULL": return .null
    default: break
    }
    if let number = Int64(text) { return .int(number) }
    let isNumber = text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    if isNumber, let number = Double(text), number.isFinite { return .double(number) }
    return .string(text)
  }

  private static func place(_ file: String, _ mark: Mark?) -> String {
    mark.map { "\(file):\($0.line):\($0.column)" } ?? file
  }
}
