/// Reads the members of a kind's `params` object, one by one, and refuses what is wrong with the name of the field.
struct ParameterReader {
  private let members: [String: JSONValue]

  /// - Parameters:
  ///   - json: an object; `null` stands for an empty one.
  ///   - known: every name that the kind understands.
  init(_ json: JSONValue, known: [String]) throws(ParameterError) {
    switch json {
    case .null: members = [:]
    case .object(let object): members = object
    default: throw .wrongType(field: "params", expected: "an object", found: json.typeName)
    }
    // Sorted, so that the same input is always refused with the same words.
    for name in members.keys.sorted() where !known.contains(name) {
      throw .unknownParameter(name, nearest: NearestName.of(name, among: known), known: known)
    }
  }

  /// `nil` where the member is absent or `null`.
  func flag(_ name: String) throws(ParameterError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let flag = value.boolValue else {
      throw .wrongType(
        field: "params.\(name)", expected: "true or false", found: value.typeName)
    }
    return flag
  }

  func wholeNumber(_ name: String, atLeast minimum: Int) throws(ParameterError) -> Int? {
    guard let value = value(name) else { return nil }
    guard let number = value.intValue.flatMap(Int.init(exactly:)) else {
      throw .wrongType(
        field: "params.\(name)", expected: "a whole number", found: value.typeName)
    }
    guard number >= minimum else {
      throw .badValue(
        field: "params.\(name)", problem: "is \(number); it must be at least \(minimum)")
    }
    return number
  }

  func texts(_ name: String) throws(ParameterError) -> [String]? {
    guard let value = value(name) else { return nil }
    guard let list = value.arrayValue else {
      throw .wrongType(field: "params.\(name)", expected: "a list of texts", found: value.typeName)
    }
    var texts: [String] = []
    for (index, element) in list.enumerated() {
      guard let text = element.stringValue else {
        throw .wrongType(
          field: "params.\(name)[\(index)]", expected: "a text", found: element.typeName)
      }
      texts.append(text)
    }
    return texts
  }

  private func value(_ name: String) -> JSONValue? {
    members[name]?.nonNull
  }
}

extension JSONValue {
  /// `nil` for `null`. Spelled out, because a bare `nil` where a `JSONValue` fits is JSON's `null`.
  package var nonNull: JSONValue? { self == .null ? Optional.none : .some(self) }

  /// How an error calls a value of this kind.
  var typeName: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): "the number \(value)"
    case .double(let value): "the number \(value)"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
