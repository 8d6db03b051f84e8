/// What is wrong with a scan's kind, target or parameters: names the field, says what is wrong and what would be right.
package enum ParameterError: Error, Sendable, Hashable {
  case unknownKind(String, nearest: String?, known: [String])
  case unknownParameter(String, nearest: String?, known: [String])
  /// - expected: what would be right, such as `a list of texts`.
  case wrongType(field: String, expected: String, found: String)
  /// - problem: a clause that goes on from the field's name, such as `is 0; it must be at least 1`.
  case badValue(field: String, problem: String)

  /// The field at fault: `kind`, `target`, `params.NAME`, or `params` itself.
  package var field: String {
    switch self {
    case .unknownKind: "kind"
    case .unknownParameter(let name, _, _): "params.\(name)"
    case .wrongType(let field, _, _), .badValue(let field, _): field
    }
  }
}

extension ParameterError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownKind(let name, let nearest, let known):
      "unknown kind “\(name)”; \(Self.advice(nearest, known))"
    case .unknownParameter(let name, let nearest, let known):
      "unknown parameter “\(name)”; \(Self.advice(nearest, known))"
    case .wrongType(let field, let expected, let found):
      "\(field) must be \(expected), not \(found)"
    case .badValue(let field, let problem):
      "\(field) \(problem)"
    }
  }

  private static func advice(_ nearest: String?, _ known: [String]) -> String {
    if let nearest { return "did you mean “\(nearest)”?" }
    return "known are \(known.joined(separator: ", "))"
  }
}
