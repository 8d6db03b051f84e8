import HoldfastCore
import Hummingbird

/// The query parameters of a request, or the fields of a form: read by name, bounded, strict.
struct Query: Sendable {
  private let fields: [(name: String, value: String)]

  /// The query string; longer than 16 KiB is refused.
  init(_ request: Request) throws(Problem) {
    let text = request.uri.query ?? ""
    guard text.utf8.count <= 16_384 else {
      throw Problem(.tooLarge, "The query string is longer than 16 KiB.")
    }
    self.init(encoded: text)
  }

  /// Those that may come more than once.
  private static let lists: Set<String> = ["status"]

  /// A query string that may hold only these parameters, each of them once unless it is a list.
  init(_ request: Request, known: [String]) throws(Problem) {
    try self.init(request)
    var seen: Set<String> = []
    for field in fields {
      guard known.contains(field.name) else {
        throw .unknownName(field.name, known: known, what: "query parameter")
      }
      guard seen.insert(field.name).inserted || Self.lists.contains(field.name) else {
        throw .invalid(field.name, "“\(field.name)” is given more than once.")
      }
      try Text.check(field.value, as: field.name)
    }
  }

  /// `application/x-www-form-urlencoded`.
  init(encoded text: String) {
    fields = text.split(separator: "&").map { part in
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (Self.decoded(pair[0]), pair.count > 1 ? Self.decoded(pair[1]) : "")
    }
  }

  subscript(name: String) -> String? {
    fields.first { $0.name == name }?.value
  }

  /// Every value of a parameter that may be repeated or hold a comma-separated list; empty ones
  /// left out.
  func list(_ name: String) -> [String] {
    fields.filter { $0.name == name }
      .flatMap { $0.value.split(separator: ",") }
      .map { $0.trimmed }
  }

  /// How many rows a page may have: 1 to 500.
  func limit(default fallback: Int = 50, most: Int = 500) throws(Problem) -> Int {
    guard let text = self["limit"] else { return fallback }
    guard let limit = Int(text), (1...most).contains(limit) else {
      throw .invalid("limit", "“limit” must be a whole number from 1 to \(most).")
    }
    return limit
  }

  /// A text of up to so many characters; `nil` if the parameter is absent.
  func text(_ name: String, most: Int) throws(Problem) -> String? {
    guard let text = self[name] else { return nil }
    try Text.check(text, as: name, most: most)
    return text
  }

  func requiredText(_ name: String, most: Int) throws(Problem) -> String {
    guard let text = try text(name, most: most) else {
      throw .invalid(name, "The query parameter “\(name)” is missing.")
    }
    return text
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double? {
    guard let text = self[name] else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw .invalid(
        name,
        "“\(name)” must be a number from \(Int(range.lowerBound)) to \(Int(range.upperBound)).")
    }
    return number
  }

  /// `true` or `false`; `nil` if the parameter is absent.
  func flag(_ name: String) throws(Problem) -> Bool? {
    switch self[name] {
    case nil: return Optional<Bool>.none
    case "true": return true
    case "false": return false
    case .some: throw .invalid(name, "“\(name)” must be true or false.")
    }
  }

  var cursor: String? {
    get throws(Problem) {
      guard let text = self["cursor"], !text.isEmpty else { return nil }
      guard text.utf8.count <= 1024 else {
        throw .invalid("cursor", "“cursor” is longer than any that this server gives out.")
      }
      return text
    }
  }

  func statuses() throws(Problem) -> [ScanStatus] {
    var statuses: [ScanStatus] = []
    for text in list("status") {
      guard let status = ScanStatus(rawValue: text) else {
        throw .unknownValue(text, field: "status", known: ScanStatus.allCases.map(\.rawValue))
      }
      statuses.append(status)
    }
    return statuses
  }

  func change() throws(Problem) -> Item.Change? {
    guard let text = self["change"], !text.isEmpty else { return nil }
    guard let change = Item.Change(rawValue: text) else {
      throw .unknownValue(text, field: "change", known: Item.Change.allCases.map(\.rawValue))
    }
    return change
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"), rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Problem {
  static func unknownValue(_ value: String, field: String, known: [String]) -> Problem {
    let advice =
      NearestName.of(value, among: known).map { "did you mean “\($0)”?" }
      ?? "known are \(known.joined(separator: ", "))."
    return .invalid(
      field, "“\(value.excerpt)” is no \(field); \(advice)")
  }
}
