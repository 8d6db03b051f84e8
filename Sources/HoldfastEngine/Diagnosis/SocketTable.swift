import CHoldfastSystem
import Glibc
import HoldfastCore

/// The sockets that processes have open, by inode, with their peers.
struct SocketTable {
  struct Entry {
    /// `10.0.0.5:443`, `[::1]:443`, `unix:/run/x.sock`; empty where there is none.
    var peer: String
    var state: String
    var sendQueueBytes: Int64
    var isInternet: Bool
  }

  private var entries: [UInt64: Entry] = [:]

  subscript(inode inode: UInt64) -> Entry? { entries[inode] }

  /// Reads the tables of the network namespace that a process lives in. Those that cannot be read
  /// are left out: the socket is then told of without its peer.
  static func read(for processID: Int32) -> SocketTable {
    var table = SocketTable()
    for name in ["tcp", "tcp6", "udp", "udp6"] {
      guard
        let text = try? ProcFolder.shared.text(
          "\(processID)/net/\(name)", limit: 32 * 1024 * 1024)
      else { continue }
      table.addInternet(text, isDatagram: name.hasPrefix("udp"))
    }
    table.addLocal()
    return table
  }

  // MARK: Internet

  /// The lines of `/proc/net/tcp` and its like.
  mutating func addInternet(_ text: String, isDatagram: Bool) {
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count > 9, let inode = UInt64(fields[9]), inode != 0 else { continue }
      let queue = fields[4].split(separator: ":").first.flatMap { Int64($0, radix: 16) } ?? 0
      let code = Int(fields[3], radix: 16) ?? 0
      entries[inode] = Entry(
        peer: Self.address(fields[2]) ?? "",
        state: isDatagram ? "UDP" : Self.states[code] ?? "\(fields[3])", sendQueueBytes: queue,
        isInternet: true)
    }
  }

  private static let states = [
    1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2",
    6: "TIME_WAIT", 7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING",
    12: "NEW_SYN_RECV",
  ]

  /// `0100007F:1F90` as `127.0.0.1:8080`: the address in words of the machine's own byte order.
  /// `nil` for no peer.
  static func address(_ field: Substring) -> String? {
    let parts = field.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
    var words: [UInt32] = []
    var digits = parts[0]
    while !digits.isEmpty {
      guard let word = UInt32(digits.prefix(8), radix: 16) else { return nil }
      words.append(word)
      digits = digits.dropFirst(8)
    }
    if port == 0, words.allSatisfy({ $0 == 0 }) { return nil }
    switch words.count {
    case 1: return text(AF_INET, words).map { "\($0):\(port)" }
    case 4 where words[0] == 0 && words[1] == 0 && UInt32(bigEndian: words[2]) == 0xffff:
      return text(AF_INET, [words[3]]).map { "\($0):\(port)" }
    case 4: return text(AF_INET6, words).map { "[\($0)]:\(port)" }
    default: return nil
    }
  }

  private static func text(_ family: Int32, _ words: [UInt32]) -> String? {
    var buffer = [CChar](repeating: 0, count: 64)
    guard inet_ntop(family, words, &buffer, socklen_t(buffer.count)) != nil else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  // MARK: Local

  /// Local sockets; the peer of a client is the socket that accepted it, which bears the listener's
  /// address.
  private mutating func addLocal() {
    var block: UnsafeMutablePointer<hf_unix_socket>?
    let count = hf_unix_sockets(&block)
    guard count >= 0 else { return }
    defer { free(block) }
    let sockets = UnsafeBufferPointer(start: block, count: count)
    var names: [UInt64: String] = [:]
    for socket in sockets where socket.name_length > 0 { names[socket.inode] = Self.name(socket) }
    for socket in sockets {
      let name = names[socket.peer] ?? names[socket.inode] ?? ""
      entries[socket.inode] = Entry(
        peer: name, state: "LOCAL", sendQueueBytes: 0, isInternet: false)
    }
  }

  private static func name(_ socket: hf_unix_socket) -> String {
    withUnsafeBytes(of: socket.name) { bytes in
      let bytes = bytes.prefix(Int(socket.name_length))
      // An address without a place in the file system begins with a zero byte.
      if bytes.first == 0 { return "unix:@" + PrintableText.of(Array(bytes.dropFirst())) }
      return "unix:" + PrintableText.of(Array(bytes.prefix { $0 != 0 }))
    }
  }
}
