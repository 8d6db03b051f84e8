import CHoldfastSystem
import Glibc
import HoldfastCore

/// Where a program can tell of itself, if it wants to: in the words of `sd_notify`, or in messages of the runner protocol, one a datagram.
final class NotifySocket {
  enum News {
    case notification(Notification)
    case message(RunnerMessage)
    case malformed(String)
  }

  let descriptor: Int32
  /// As `NOTIFY_SOCKET` has it.
  let name: String
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: NotifySocket.maxBytes, alignment: 16)

  private static let maxBytes = 256 * 1024
  /// What a program that reports through another process may say; the rest is the runner's own part of the conversation.
  private static let types: Set<String> = [
    "progress", "items", "item_errors", "checkpoint", "waiting", "log",
  ]

  /// `nil` where the kernel has none to give: a program that cannot tell of itself still runs.
  init?() {
    var name = [CChar](repeating: 0, count: 128)
    descriptor = hf_notify_open(&name, name.count)
    guard descriptor >= 0 else {
      buffer.deallocate()
      return nil
    }
    self.name = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  /// The next thing it said; `nil` for nothing more now.
  func next() -> News? {
    while true {
      let size = hf_notify_receive(descriptor, buffer.baseAddress, buffer.count)
      if size == 0 || size == Int(-EINTR) { continue }
      if size == Int(-EMSGSIZE) { return .malformed("longer than \(Self.maxBytes) bytes") }
      guard size > 0 else { return nil }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<size])
      guard bytes.first == UInt8(ascii: "{") else {
        return .notification(Notification(Array(bytes)))
      }
      return Self.message(bytes)
    }
  }

  private static func message(_ bytes: UnsafeRawBufferPointer) -> News {
    switch JSONValue.parse(bytes, maxDepth: 64) {
    case .failure(let error): return .malformed("not JSON: \(error)")
    case .success(let json):
      guard let type = json["type"]?.stringValue, types.contains(type) else {
        return .malformed("its type is none of \(types.sorted().joined(separator: ", "))")
      }
      do throws(RunnerMessageReader.Malformed) {
        guard let message = try RunnerMessageReader.message(json) else {
          return .malformed("its type is unknown")
        }
        return .message(message)
      } catch {
        return .malformed(error.description)
      }
    }
  }
}
