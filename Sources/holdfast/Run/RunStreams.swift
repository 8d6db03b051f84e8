import Dispatch
import Glibc
import HoldfastCore
import HoldfastEngine

/// What `holdfast run` shares with the runner of its command: its own three streams, and a socket for signals one way and the end the other.
final class RunStreams {
  let attachment: RunnerAttachment
  private let control: Int32
  private let source: any DispatchSourceRead

  /// - Parameter onEnd: told how the command ended.
  init(
    environment: [String: String], onEnd: @escaping @Sendable (ProgramEnd) -> Void
  ) throws(CommandFailure) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw CommandFailure(.operatingSystem, "no socket: \(String(cString: strerror(errno)))")
    }
    let control = ends[0]
    self.control = control
    // A stream that is closed reads and writes like an empty one.
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    let lifted = [0, 1, 2, ends[1]].map { (descriptor: Int32) -> Int32 in
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 16)
      return copy >= 0 ? copy : fcntl(null, F_DUPFD_CLOEXEC, 16)
    }
    close(ends[1])
    close(null)
    guard lifted.allSatisfy({ $0 >= 0 }) else {
      throw CommandFailure(.operatingSystem, "no descriptors are left")
    }
    attachment = RunnerAttachment(environment: environment, descriptors: lifted)
    let source = DispatchSource.makeReadSource(fileDescriptor: control)
    source.setEventHandler {
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = recv(control, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return }
      let json = bytes[..<count].withUnsafeBytes { JSONValue(parsing: $0) }
      if let end = json.flatMap(ProgramEnd.init(json:)) { onEnd(end) }
    }
    source.setCancelHandler { close(control) }
    source.activate()
    self.source = source
  }

  deinit {
    source.cancel()
    for descriptor in attachment.descriptors { close(descriptor) }
  }

  /// Passes a signal on to the command.
  func pass(_ signal: Int32) {
    var number = signal
    // Without a runner at the other end there is nobody to get it.
    _ = send(control, &number, 4, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
  }
}
