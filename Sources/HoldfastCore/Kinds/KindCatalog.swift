/// The kinds of scan that the product itself knows, and what each asks of a request.
package enum KindCatalog {
  package static let builtIn = ["library"]
  /// The kind of what `holdfast run` runs: only the worker that comes with the command takes its scan, since the program belongs to the
  /// command's terminal, environment and folder.
  package static let attached = "command"

  /// Checks a request and returns its target and parameters in their canonical form, so that the same target is always the
  /// same exclusive scope and the same baseline.
  package static func validate(
    kind: String, target: String, params: JSONValue
  ) throws(ParameterError) -> (target: String, params: JSONValue) {
    switch kind {
    case "library":
      (try libraryTarget(target), try LibraryParameters(json: params).json)
    default:
      throw .unknownKind(kind, nearest: NearestName.of(kind, among: builtIn), known: builtIn)
    }
  }

  /// An absolute path without empty, `.` and `..` components and without a slash at its end. Lexical: links are not looked at, since the
  /// path need not exist on the machine that takes the request.
  private static func libraryTarget(_ target: String) throws(ParameterError) -> String {
    if target.isEmpty {
      throw .badValue(field: "target", problem: "is empty; it must be the folder's absolute path")
    }
    if target.utf8.contains(0) {
      throw .badValue(
        field: "target", problem: "holds a zero byte; it must be the folder's absolute path")
    }
    guard target.utf8.first == UInt8(ascii: "/") else {
      throw .badValue(
        field: "target",
        problem: "is the relative path “\(target)”; it must be absolute (begin with /)")
    }
    var components: [Substring] = []
    for component in target.split(separator: "/") where component != "." {
      if component == ".." {
        _ = components.popLast()
      } else {
        components.append(component)
      }
    }
    return "/" + components.joined(separator: "/")
  }
}
