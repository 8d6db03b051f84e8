/// All kinds that requests can name: those of the product, and those that an operator has declared.
package struct KindBook: Sendable, Hashable {
  package var declared: [String: KindDeclaration]

  package init(declared: [String: KindDeclaration] = [:]) { self.declared = declared }

  package var names: [String] { KindCatalog.builtIn + declared.keys.sorted() }

  /// The kinds that workers of Holdfast itself run; `nil` for every one.
  package var runnable: [String]? {
    let remote = declared.values.filter(\.isRemote).map(\.name)
    return remote.isEmpty ? nil : names.filter { !remote.contains($0) }
  }

  package func contains(_ kind: String) -> Bool {
    KindCatalog.builtIn.contains(kind) || declared[kind] != nil
  }

  /// Checks a request and returns its target and parameters in their canonical form.
  package func validate(
    kind: String, target: String, params: JSONValue
  ) throws(ParameterError) -> (target: String, params: JSONValue) {
    if let declaration = declared[kind] {
      return (try Self.target(target), try declaration.validated(params))
    }
    if kind == KindCatalog.attached {
      throw .badValue(
        field: "kind",
        problem:
          "is “\(kind)”: such scans come from `holdfast run` alone; a program that others may "
          + "start is declared under “kinds” in holdfast.yaml")
    }
    guard KindCatalog.builtIn.contains(kind) else {
      throw .unknownKind(kind, nearest: NearestName.of(kind, among: names), known: names)
    }
    return try KindCatalog.validate(kind: kind, target: target, params: params)
  }

  /// A target in its canonical form, without the parameters that a scan of it would need. Kinds that are known ahead of their
  /// scanners are taken too: another program may have submitted a scan of them.
  package func canonicalTarget(
    kind: String, _ target: String
  ) throws(ParameterError) -> String {
    let isKnown = PolicyBook.kindNames.contains(kind) && !KindCatalog.builtIn.contains(kind)
    if declared[kind] != nil || isKnown { return try Self.target(target) }
    return try validate(kind: kind, target: target, params: .object([:])).target
  }

  /// A target becomes an argument: it must not pass for an option.
  private static func target(_ target: String) throws(ParameterError) -> String {
    if target.isEmpty { throw .badValue(field: "target", problem: "is empty") }
    if target.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw .badValue(field: "target", problem: "holds control characters")
    }
    if target.hasPrefix("-") {
      throw .badValue(
        field: "target", problem: "begins with “-”, which programs take for an option")
    }
    return target
  }
}

extension KindDeclaration {
  /// The parameters with their defaults, sorted.
  func validated(_ params: JSONValue) throws(ParameterError) -> JSONValue {
    let members: [String: JSONValue]
    switch params {
    case .null: members = [:]
    case .object(let object): members = object
    default: throw .wrongType(field: "params", expected: "an object", found: params.typeName)
    }
    let known = parameters.map(\.name)
    for name in members.keys.sorted() where !known.contains(name) {
      throw .unknownParameter(name, nearest: NearestName.of(name, among: known), known: known)
    }
    var result: [String: JSONValue] = [:]
    for rule in parameters {
      if let value = members[rule.name]?.nonNull {
        result[rule.name] = try rule.checked(value)
      } else if let fallback = rule.fallback {
        result[rule.name] = fallback
      } else if rule.isRequired {
        throw .badValue(field: "params.\(rule.name)", problem: "is missing")
      }
    }
    return .object(result)
  }
}
