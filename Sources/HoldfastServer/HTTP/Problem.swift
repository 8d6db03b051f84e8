import HTTPTypes
import HoldfastCore

/// An error as clients see it (RFC 9457, problem details).
struct Problem: Error, Sendable {
  var kind: ProblemKind
  /// One or two sentences: what is wrong, and what would be right.
  var detail: String
  /// The field at fault: a JSON member's path, or a query parameter's name.
  var field: String?
  /// Further members of the answer.
  var members: [String: JSONValue] = [:]
  var headers: HTTPFields = [:]

  init(
    _ kind: ProblemKind, _ detail: String, field: String? = nil,
    members: [String: JSONValue] = [:], headers: HTTPFields = [:]
  ) {
    self.kind = kind
    self.detail = detail
    self.field = field
    self.members = members
    self.headers = headers
  }

  /// The body of the answer.
  ///
  /// - Parameter instance: names this occurrence: the request's id.
  func json(instance: String) -> JSONValue {
    var object = members
    object["type"] = .string(kind.uri)
    object["title"] = .string(kind.title)
    object["status"] = .int(Int64(kind.status.code))
    object["detail"] = .string(detail)
    object["instance"] = .string("urn:request:\(instance)")
    if let field { object["field"] = .string(field) }
    return .object(object)
  }

  /// A field whose value cannot be taken.
  static func invalid(_ field: String, _ detail: String) -> Problem {
    Problem(.invalidValue, detail, field: field)
  }
}

extension Problem {
  /// What a client sees of an error of the store: the database's own words stay in the log.
  init(_ error: StoreFault) {
    switch error {
    case .unavailable:
      self.init(
        .storeUnavailable, "The database cannot be reached at the moment. Try again shortly.",
        headers: [.retryAfter: "5"])
    case .badCursor:
      self.init(
        .invalidValue,
        "The cursor is not one of this list; take `next_cursor` of its previous page.",
        field: "cursor")
    case .other:
      self.init(
        .unexpected, "Something went wrong here. The log tells more under the request's id.")
    }
  }
}
