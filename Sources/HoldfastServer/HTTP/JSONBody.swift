import FoundationEssentials
import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// The members of a JSON body, read one by one; what is wrong is refused with the name of the
/// field.
struct JSONBody: Sendable {
  let members: [String: JSONValue]

  /// - Parameter known: every member that the endpoint understands.
  init(members: [String: JSONValue], known: [String]) throws(Problem) {
    for name in members.keys.sorted() where !known.contains(name) {
      throw .unknownName(name, known: known, what: "field")
    }
    self.members = members
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
    guard let members = value.objectValue else {
      throw Problem(.malformedRequest, "The body is not a JSON object.")
    }
    return members
  }

  func text(_ name: String) throws(Problem) -> String? {
    switch members[name] {
    case nil, .null: return nil
    case .string(let text): return text
    case .some: throw .invalid(name, "“\(name)” must be a text.")
    }
  }

  func requiredText(_ name: String) throws(Problem) -> String {
    guard let text = try text(name) else {
      throw .invalid(name, "“\(name)” is missing; it must be a text.")
    }
    return text
  }

  func wholeNumber(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
    switch members[name] {
    case nil, .null: return nil
    case .some(let value):
      guard let number = value.intValue, range.contains(number) else {
        throw .invalid(
          name, "“\(name)” must be a whole number from \(range.lowerBound) to \(range.upperBound).")
      }
      return number
    }
  }
}

extension Problem {
  static func unknownName(_ name: String, known: [String], what: String) -> Problem {
    let shown = String(name.prefix(64)).visible
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
  /// What no body may exceed, in bytes.
  static let bodyLimit = 1 << 20

  /// The content type without its parameters, in lower case.
  var mediaType: String? {
    headers[.contentType].map { value in
      let bare = value.prefix { $0 != ";" }
      return String(bare).trimmed.lowercased()
    }
  }

  func limitedBody() async throws -> ByteBuffer {
    let tooLarge = Problem(.tooLarge, "The body is larger than 1 MiB.")
    if let length = headers[.contentLength].flatMap(Int.init), length > Self.bodyLimit {
      throw tooLarge
    }
    do {
      return try await body.collect(upTo: Self.bodyLimit)
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
