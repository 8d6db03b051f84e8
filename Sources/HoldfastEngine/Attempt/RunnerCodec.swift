import FoundationEssentials
import HoldfastCore
import NIOCore

/// Lines of JSON to messages and back.
enum RunnerCodec {
  /// Why a line is not a message.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func message(_ line: ByteBuffer) throws(Failure) -> RunnerMessage {
    do {
      return try line.withUnsafeReadableBytes { bytes in
        try JSONDecoder().decode(RunnerMessage.self, from: Data(bytes))
      }
    } catch {
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
