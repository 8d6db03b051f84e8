import Glibc
import Synchronization

/// A listener on the loopback address that never accepts: the kernel completes connections, and
/// nobody ever answers.
package final class SilentListener: Sendable {
  private let descriptor: Int32
  package let port: UInt16
  package var address: String { "127.0.0.1:\(port)" }

  package init(backlog: Int32 = 16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, backlog) == 0
          && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else { throw WaitedTooLong(description: "cannot listen on the loopback") }
    port = UInt16(bigEndian: address.sin_port)
  }

  /// Accepts the next connection and sends it so many bytes.
  package func send(_ count: Int) {
    let connection = accept(descriptor, nil, nil)
    let bytes = [UInt8](repeating: 65, count: count)
    _ = Glibc.send(connection, bytes, count, Int32(MSG_NOSIGNAL))
    connections.withLock { $0.append(connection) }
  }

  private let connections = Mutex<[Int32]>([])

  deinit {
    connections.withLock { for connection in $0 { close(connection) } }
    close(descriptor)
  }
}
