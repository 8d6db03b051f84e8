import FoundationEssentials
import HoldfastCore
import NIOCore

/// Lines of JSON to messages and back.
enum RunnerCodec {
  /// Why a line is not a message.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// `nil` for a message of a type that this version does not know.
  static func message(_ line: ByteBuffer) throws(Failure) -> RunnerMessage? {
    guard let json = line.withUnsafeReadableBytes({ JSONValue(parsing: $0) }) else {
      throw Failure(description: "it wrote what is not JSON: \(excerpt(line))")
    }
    do throws(RunnerMessageReader.Malformed) {
      return try RunnerMessageReader.message(json)
    } catch {
      throw Failure(description: "\(error): \(excerpt(line))")
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

  /// The start of the line, safe to print.
  private static func excerpt(_ line: ByteBuffer) -> String {
    var tail = OutputTail(maxLines: 1, maxLineBytes: 120)
    tail.append(line.readableBytesView.prefix(120))
    return tail.text.first.map { "“\($0)”" } ?? "an empty line"
  }
}
