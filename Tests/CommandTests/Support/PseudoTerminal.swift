import Foundation
import Glibc
import HoldfastTestKit
import Synchronization

/// The real binary on a terminal of its own, as a person would use it.
final class PseudoTerminal: Sendable {
  private let master: FileHandle
  private let process: ChildProcess
  private let seen = Mutex("")
  private let isReadToEnd = Mutex(false)

  /// - Parameters:
  ///   - columns: the width of the terminal.
  init(_ arguments: [String], environment: [String: String] = [:], columns: UInt16 = 100) throws {
    var (descriptor, slave): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    guard openpty(&descriptor, &slave, nil, nil, &size) == 0 else {
      throw WaitedTooLong(description: "no pseudo-terminal: errno \(errno)")
    }
    for end in [descriptor, slave] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    master = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let terminal = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
    // `setsid --ctty` makes the terminal the controlling one, so that Ctrl-C becomes SIGINT.
    process = try ChildProcess(
      ["/usr/bin/setsid", "--ctty", "--wait", try HoldfastProcess.binary] + arguments,
      environment: environment.merging(
        ["PATH": "/usr/bin:/bin", "TERM": "xterm-256color"]
      ) { given, _ in given },
      input: slave, output: slave, error: slave)
    let reader = Thread { [weak self, master] in
      var bytes = [UInt8](repeating: 0, count: 4096)
      while case let count = read(master.fileDescriptor, &bytes, bytes.count), count > 0 {
        guard let self else { return }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        self.seen.withLock { $0 += text }
      }
      // A terminal whose last user is gone reads as an error.
      self?.isReadToEnd.withLock { $0 = true }
    }
    reader.start()
    try terminal.close()
  }

  deinit {
    // Ends the whole session; `setsid` itself ends with its child.
    process.signal(SIGKILL)
  }

  /// Everything that the terminal was sent so far.
  var output: String { seen.withLock { $0 } }

  func type(_ text: String) throws { try master.write(contentsOf: Data(text.utf8)) }

  /// Waits until the terminal has been sent `text`.
  func expect(_ text: String, within limit: Duration = .seconds(30)) async throws {
    do {
      _ = try await eventually("“\(text)” on the terminal", within: limit) {
        output.contains(text) ? true : nil
      }
    } catch {
      throw WaitedTooLong(description: "\(error); it showed: \(output.debugDescription)")
    }
  }

  /// As a shell tells it: 128 and the signal's number where one ended it.
  private var exitStatus: Int32? {
    switch process.end {
    case .exited(let status): status
    case .signalled(let signal): 128 + signal
    case nil: nil
    }
  }

  func waitForEnd(within limit: Duration = .seconds(60)) async throws -> Int32 {
    do {
      return try await eventually("the end of the command", within: limit) {
        isReadToEnd.withLock { $0 } ? exitStatus : nil
      }
    } catch {
      throw WaitedTooLong(description: "\(error); it showed: \(output.debugDescription)")
    }
  }
}
