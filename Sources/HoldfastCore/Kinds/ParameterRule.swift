/// What one parameter of a declared kind may be: the part of JSON Schema that a line of a configuration needs.
package struct ParameterRule: Sendable, Hashable {
  package enum Kind: String, Sendable, CaseIterable {
    case string, integer, number, boolean
  }

  package var name: String
  /// For people.
  package var about: String?
  package var kind: Kind
  package var isRequired: Bool
  package var fallback: JSONValue?
  package var minimum: Double?
  package var maximum: Double?
  package var maxLength: Int
  package var allowed: [JSONValue]?
  /// Whether it must be an address of the web (`format: uri`).
  package var isURL: Bool

  private static let members = [
    "type", "required", "default", "minimum", "maximum", "maxLength", "enum", "format",
    "description",
  ]
  private static let defaultMaxLength = 4096

  /// Reads `parameters: {pages: {type: integer, minimum: 1}}`.
  static func rules(
    _ json: JSONValue?, of kind: String
  ) throws(KindDeclaration.Fault) -> [ParameterRule] {
    guard let json else { return [] }
    guard let object = json.objectValue else {
      throw .init(member: "\(kind).parameters", problem: "must be a group of parameters")
    }
    var rules: [ParameterRule] = []
    for (name, value) in object.sorted(by: { $0.key < $1.key }) {
      rules.append(try ParameterRule(name: name, json: value, at: "\(kind).parameters.\(name)"))
    }
    return rules
  }

  private init(name: String, json: JSONValue, at place: String) throws(KindDeclaration.Fault) {
    func fault(_ member: String, _ problem: String) -> KindDeclaration.Fault {
      .init(member: member.isEmpty ? place : "\(place).\(member)", problem: problem)
    }
    guard let object = json.objectValue else { throw fault("", "must be a group with a “type”") }
    for key in object.keys.sorted() where !Self.members.contains(key) {
      throw fault(key, "is not known; known are \(Self.members.joined(separator: ", "))")
    }
    guard let kind = json["type"]?.stringValue.flatMap(Kind.init(rawValue:)) else {
      throw fault("type", "must be \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.name = name
    self.kind = kind
    about = json["description"]?.stringValue
    isRequired = json["required"]?.boolValue ?? false
    minimum = json["minimum"]?.doubleValue
    maximum = json["maximum"]?.doubleValue
    maxLength = json["maxLength"]?.intValue.map { Int($0) } ?? Self.defaultMaxLength
    allowed = json["enum"]?.arrayValue
    isURL = json["format"]?.stringValue == "uri"
    if let format = json["format"]?.nonNull, format != "uri" || kind != .string {
      throw fault("format", "can be “uri”, of a string")
    }
    fallback = json["default"]?.nonNull
    if let fallback {
      do throws(ParameterError) {
        self.fallback = try checked(fallback)
      } catch {
        throw fault("default", "does not fit: \(error)")
      }
    }
  }

  /// The value as it is kept.
  func checked(_ value: JSONValue) throws(ParameterError) -> JSONValue {
    let field = "params.\(name)"
    switch kind {
    case .string:
      guard let text = value.stringValue else { throw wrong(value, "a text") }
      guard text.utf8.count <= maxLength, !text.utf8.contains(0) else {
        throw .badValue(field: field, problem: "is longer than \(maxLength) bytes")
      }
    case .boolean:
      guard value.boolValue != nil else { throw wrong(value, "true or false") }
    case .integer:
      guard value.intValue != nil else { throw wrong(value, "a whole number") }
      try checkRange(value, field)
    case .number:
      guard value.doubleValue != nil else { throw wrong(value, "a number") }
      try checkRange(value, field)
    }
    if let allowed, !allowed.contains(value) {
      let names = allowed.compactMap(\.shownScalar).joined(separator: ", ")
      throw .badValue(
        field: field,
        problem: "is \(value.shownScalar ?? value.typeName); it must be one of \(names)")
    }
    return value
  }

  private func checkRange(_ value: JSONValue, _ field: String) throws(ParameterError) {
    guard let number = value.doubleValue else { return }
    if let minimum, number < minimum {
      throw .badValue(
        field: field,
        problem: "is \(number.shownNumber); it must be at least \(minimum.shownNumber)")
    }
    if let maximum, number > maximum {
      throw .badValue(
        field: field, problem: "is \(number.shownNumber); it must be at most \(maximum.shownNumber)"
      )
    }
  }

  private func wrong(_ value: JSONValue, _ expected: String) -> ParameterError {
    .wrongType(field: "params.\(name)", expected: expected, found: value.typeName)
  }
}

extension Double {
  /// Without a fraction where there is none.
  package var shownNumber: String {
    Int64(exactly: self).map { "\($0)" } ?? "\(self)"
  }
}
