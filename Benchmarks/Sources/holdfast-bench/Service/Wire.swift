import Foundation

/// Plain sockets and poll: ten thousand connections in this process must cost little beside the server that it measures.
enum Wire {
  /// A connection to a port of the loopback address.
  static func connect(port: Int, isBlocking: Bool) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
      throw BenchFailure("no socket: \(String(cString: strerror(errno)))")
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw BenchFailure("cannot connect: \(reason)")
    }
    var one: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    if !isBlocking { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    return descriptor
  }

  /// A small request goes into the socket's buffer at once.
  static func send(_ text: String, to descriptor: Int32) throws {
    let bytes = Array(text.utf8)
    guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    else { throw BenchFailure("a request could not be sent") }
  }

  /// As many open files as this process may have.
  static func raiseLimit(to wanted: Int) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, rlim_t(wanted)))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    guard limit.rlim_cur >= rlim_t(wanted) else {
      throw BenchFailure(
        "\(wanted) open files are needed, \(limit.rlim_cur) are allowed (ulimit -Hn)")
    }
  }

  static func request(_ method: String, _ path: String, port: Int, token: String) -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nAuthorization: Bearer \(token)\r\n"
  }
}

/// Times of one clock, in seconds.
func clockSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
