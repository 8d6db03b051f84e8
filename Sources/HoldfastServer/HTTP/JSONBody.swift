import FoundationEssentials
import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// The members of a JSON body, read one by one; what is wrong is refused with the name of the
/// field.
struct JSONBody: Sendable {
  let members: [String: JSONValue]
  /// What comes before the names in problems: `filter.`, for the members of `filter`.
  let prefix: String

  /// - Parameters:
  ///   - known: every member that the endpoint understands.
  ///   - prefix: what comes before their names in problems.
  init(
    members: [String: JSONValue], known: [String], at prefix: String = ""
  ) throws(Problem) {
    for name in members.keys.sorted() where !known.contains(name) {
      throw .unknownName(name, known: known, what: "field", at: prefix)
    }
    self.members = members
    self.prefix = prefix
  }

  /// Collects and parses the body; one that is absent counts as `{}` where nothing is required.
  ///
  /// - Parameter assumed: the content types that count as JSON too; `nil` among them is none at all.
  init(_ request: Request, known: [String], alsoAs assumed: [String?] = []) async throws {
    let text = try await request.limitedBody()
    if text.readableBytes == 0 {
      try self.init(members: [:], known: known)
      return
    }
    guard request.mediaType == "application/json" || assumed.contains(request.mediaType) else {
      throw Problem(
        .unsupportedMediaType,
        request.mediaType.map { "The body is “\($0)”; it must be application/json." }
          ?? "The body has no Content-Type; it must be application/json.")
    }
    try self.init(members: try Self.object(text), known: known)
  }

  private static func object(_ text: ByteBuffer) throws(Problem) -> [String: JSONValue] {
    let value: JSONValue
    do {
      value = try JSONDecoder().decode(JSONValue.self, from: Data(text.readableBytesView))
    } catch {
      throw Problem(.malformedRequest, "The body is not JSON.")
    }
    // The decoder is the stricter of the two in what is JSON, and passes over what comes twice.
    _ = try parsed(text)
    guard let members = value.objectValue else {
      throw Problem(.malformedRequest, "The body is not a JSON object.")
    }
    return members
  }

  /// The members of an object that has no name twice, nor has one within it.
  static func parsed(_ text: ByteBuffer) throws(Problem) -> [String: JSONValue] {
    let result = text.withUnsafeReadableBytes {
      JSONValue.parse($0, refusingRepeats: true)
    }
    switch result {
    case .success(.object(let members)): return members
    case .success: throw Problem(.malformedRequest, "The body is not a JSON object.")
    case .failure(let error):
      guard let name = error.repeated.map({ $0.excerpt }) else {
        throw Problem(.malformedRequest, "The body is no JSON in UTF-8: see byte \(error.offset).")
      }
      throw .invalid(
        name,
        "“\(name)” is given more than once in an object of the body, again at byte "
          + "\(error.offset).")
    }
  }
}

extension JSONBody {
  /// A member's name as problems tell it.
  func field(_ name: String) -> String { prefix + name }

  /// A text of up to so many characters; `nil` if the member is absent or null.
  func text(_ name: String, most: Int = .max) throws(Problem) -> String? {
    let field = prefix + name
    switch members[name] {
    case nil, .null: return nil
    case .string(let text):
      try Text.check(text, as: field, most: most)
      return text
    case .some: throw .invalid(field, "“\(field)” must be a text.")
    }
  }

  /// A text where null is not taken for an absent one.
  func givenText(_ name: String, most: Int) throws(Problem) -> String? {
    guard members[name] != nil else { return nil }
    return try requiredText(name, most: most)
  }

  func requiredText(_ name: String, most: Int = .max) throws(Problem) -> String {
    guard let text = try text(name, most: most) else {
      throw .invalid(prefix + name, "“\(prefix + name)” is missing; it must be a text.")
    }
    return text
  }

  func wholeNumber(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
    switch members[name] {
    case nil, .null: return nil
    case .some(let value):
      guard let number = value.intValue, range.contains(number) else {
        throw .invalid(
          prefix + name,
          "“\(prefix + name)” must be a whole number from \(range.lowerBound) to \(range.upperBound)."
        )
      }
      return number
    }
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double? {
    switch members[name] {
    case nil, .null: return Optional<Double>.none
    case .some(let value):
      guard let number = value.doubleValue, range.contains(number) else {
        throw .invalid(
          prefix + name,
          "“\(prefix + name)” must be a number from \(Int(range.lowerBound)) to "
            + "\(Int(range.upperBound)).")
      }
      return number
    }
  }

  func flag(_ name: String) throws(Problem) -> Bool? {
    switch members[name] {
    case nil, .null: return Optional<Bool>.none
    case .bool(let flag): return flag
    case .some: throw .invalid(prefix + name, "“\(prefix + name)” must be true or false.")
    }
  }

  /// A limit in minutes: above 0, and at most a year.
  func minutes(_ name: String) throws(Problem) -> Double? {
    switch members[name] {
    case nil, .null: return Optional<Double>.none
    case .some(let value):
      guard let minutes = value.doubleValue, minutes > 0, minutes <= 525_600 else {
        throw .invalid(
          prefix + name,
          "“\(prefix + name)” must be a number of minutes above 0, up to 525600.")
      }
      return minutes
    }
  }
}

/// What every text of a request must be.
enum Text {
  /// No database column holds a zero byte, and no text is longer than what the description of the API says.
  ///
  /// - Parameter most: in characters, as JSON Schema counts them: Unicode scalars.
  static func check(_ text: String, as field: String, most: Int = .max) throws(Problem) {
    if text.utf8.contains(0) {
      throw .invalid(field, "“\(field)” must not hold a zero byte.")
    }
    if text.utf8.count > most, text.unicodeScalars.count > most {
      throw .invalid(field, "“\(field)” is longer than \(most) characters.")
    }
  }
}

extension Problem {
  static func unknownName(
    _ name: String, known: [String], what: String, at prefix: String = ""
  ) -> Problem {
    let shown = prefix + name.excerpt
    let advice =
      if let nearest = NearestName.of(name, among: known) {
        "did you mean “\(nearest)”?"
      } else if known.isEmpty {
        "none is known here."
      } else {
        "known are \(known.sorted().joined(separator: ", "))."
      }
    return Problem(.unknownField, "Unknown \(what) “\(shown)”; \(advice)", field: shown)
  }
}

extension Request {
  /// What no body may exceed, in bytes, but those of workers.
  static let bodyLimit = 1 << 20

  /// The content type without its parameters, in lower case.
  var mediaType: String? {
    headers[.contentType].map { value in
      let bare = value.prefix { $0 != ";" }
      return String(bare).trimmed.lowercased()
    }
  }

  func limitedBody(_ limit: Int = bodyLimit) async throws -> ByteBuffer {
    let tooLarge = Problem(.tooLarge, "The body is larger than \(limit >> 20) MiB.")
    if let length = headers[.contentLength].flatMap(Int.init), length > limit {
      throw tooLarge
    }
    do {
      return try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      // The client went away or broke off, which is no failure of the server.
      throw Problem(.malformedRequest, "The body ended before it was complete.")
    }
  }
}

extension StringProtocol {
  /// Without the spaces and tabs at both ends.
  var trimmed: String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    return String(String(drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
  }
}
