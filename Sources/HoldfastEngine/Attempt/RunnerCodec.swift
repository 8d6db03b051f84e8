import FoundationEssentials
import HoldfastCore
import NIOCore

/// Lines of JSON to messages and back.
enum RunnerCodec {
  /// Why a line is not a message.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// `nil` for a message of a type that this version does not know: a newer runner may send some, and they are passed over.
  static func message(_ line: ByteBuffer) throws(Failure) -> RunnerMessage? {
    let bytes = line.withUnsafeReadableBytes { Data($0) }
    do {
      return try JSONDecoder().decode(RunnerMessage.self, from: bytes)
    } catch {
      if isOfUnknownType(bytes) { return nil }
      throw Failure(description: "\(reason(error)): \(excerpt(line))")
    }
  }

  /// The message with its newline.
  static func line(_ message: WorkerMessage) -> ByteBuffer {
    do {
      return ByteBuffer(bytes: try JSONEncoder().encode(message) + [UInt8(ascii: "\n")])
    } catch {
      // All its parts are strings, whole numbers and finite doubles.
      preconditionFailure("a message cannot be written as JSON: \(error)")
    }
  }

  private static func isOfUnknownType(_ bytes: Data) -> Bool {
    struct Typed: Decodable {
      var type: String
    }
    // Not even an object with a type: that is no message of any version.
    guard let typed = try? JSONDecoder().decode(Typed.self, from: bytes) else { return false }
    return !knownTypes.contains(typed.type)
  }

  private static let knownTypes: Set<String> = [
    "ready", "progress", "checkpoint", "items", "item_errors", "waiting", "log", "pong",
    "read_baseline_index", "read_baseline_parts", "write_baseline", "settle", "finished",
  ]

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "a message lacks “\(key.stringValue)”"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "“\(context.codingPath.map(\.stringValue).joined(separator: "."))” has the wrong type"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }

  /// The start of the line, safe to print.
  private static func excerpt(_ line: ByteBuffer) -> String {
    var tail = OutputTail(maxLines: 1, maxLineBytes: 120)
    tail.append(line.readableBytesView.prefix(120))
    return tail.text.first.map { "“\($0)”" } ?? "an empty line"
  }
}
