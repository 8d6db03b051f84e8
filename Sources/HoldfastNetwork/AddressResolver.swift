import Glibc
package import HoldfastCore
import NIOCore
import NIOPosix

/// Finds the addresses of names.
package protocol AddressResolver: Sendable {
  /// All of them, in no certain order; never none.
  func addresses(of name: String) async throws(ResolutionFailure) -> [IPAddress]
}

/// Why a name has no address: a clause for a sentence.
package struct ResolutionFailure: Error, Sendable, Hashable {
  package var reason: String

  package init(reason: String) { self.reason = reason }
}

/// Asks the operating system, on threads of its own: it blocks.
package struct SystemResolver: AddressResolver {
  /// How long a caller waits. The question itself goes on until the system gives up, on its thread.
  private let patience: TimeAmount

  /// A few, so that names whose servers do not answer hold up neither the rest nor many threads.
  private static let threads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 4)
    pool.start()
    return pool
  }()

  package init(patienceSeconds: Int64 = 5) { patience = .seconds(patienceSeconds) }

  package func addresses(of name: String) async throws(ResolutionFailure) -> [IPAddress] {
    let (outcomes, outcome) = AsyncStream.makeStream(
      of: Result<[IPAddress], ResolutionFailure>.self, bufferingPolicy: .bufferingOldest(1))
    Self.threads.submit { state in
      guard state == .active else { return outcome.finish() }
      outcome.yield(Self.ask(name))
      outcome.finish()
    }
    let patienceEnds = MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: patience) {
      outcome.finish()
    }
    defer { patienceEnds.cancel() }
    for await result in outcomes { return try result.get() }
    throw ResolutionFailure(reason: "no answer in time")
  }

  private static func ask(_ name: String) -> Result<[IPAddress], ResolutionFailure> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(name, nil, &hints, &list)
    guard status == 0 else {
      return .failure(ResolutionFailure(reason: String(cString: gai_strerror(status))))
    }
    defer { freeaddrinfo(list) }
    var found: [IPAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = address(of: entry), !found.contains(address) { found.append(address) }
      next = entry.ai_next
    }
    guard !found.isEmpty else { return .failure(ResolutionFailure(reason: "none was given")) }
    return .success(found)
  }

  private static func address(of entry: addrinfo) -> IPAddress? {
    guard let socket = entry.ai_addr else { return nil }
    switch entry.ai_family {
    case AF_INET:
      return socket.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      return socket.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
        withUnsafeBytes(of: pointer.pointee.sin6_addr) { bytes in
          .v6(bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
        }
      }
    default: return nil
    }
  }
}
