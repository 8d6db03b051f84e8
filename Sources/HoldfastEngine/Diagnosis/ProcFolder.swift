import CHoldfastSystem
import Glibc

/// Why something in `/proc` could not be read.
enum ProcError: Error, Hashable {
  /// The process ended, before or during the read.
  case vanished
  /// The kernel keeps it from this process (another user's, `ptrace_scope`, a hidden `/proc`).
  case denied
  case failed(Int32)

  init(code: Int32) {
    switch -code {
    case ENOENT, ESRCH: self = .vanished
    case EACCES, EPERM: self = .denied
    default: self = .failed(-code)
    }
  }
}

/// `/proc`, opened once: reads below it need no path from the root, and cannot meet another mount.
final class ProcFolder: Sendable {
  static let shared = ProcFolder()

  /// Clock ticks a second, for all times in `stat`.
  static let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))
  static let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))

  private let descriptor: Int32

  private init() {
    // Where `/proc` is missing every read fails with EBADF and is told as such.
    descriptor = hf_proc_open()
  }

  func process(_ processID: Int32) throws(ProcError) -> hf_process {
    try stat("\(processID)/stat")
  }

  func thread(_ threadID: Int32, of processID: Int32) throws(ProcError) -> hf_process {
    try stat("\(processID)/task/\(threadID)/stat")
  }

  private func stat(_ path: String) throws(ProcError) -> hf_process {
    var process = hf_process()
    let code = hf_proc_stat(descriptor, path, &process)
    if code < 0 { throw ProcError(code: code) }
    return process
  }

  /// Every process of the machine.
  func all() throws(ProcError) -> [hf_process] {
    var room = 512
    while true {
      var found = 0
      let processes = [hf_process](unsafeUninitializedCapacity: room) { buffer, count in
        found = hf_proc_all(descriptor, buffer.baseAddress, room)
        count = min(max(found, 0), room)
      }
      if found < 0 { throw ProcError(code: Int32(found)) }
      if found <= room { return processes }
      room = found + found / 4
    }
  }

  func io(_ processID: Int32) throws(ProcError) -> hf_process_io {
    var io = hf_process_io()
    let code = hf_proc_io(descriptor, processID, &io)
    if code < 0 { throw ProcError(code: code) }
    return io
  }

  /// Inodes of the sockets among the first `most` descriptors of a process.
  func sockets(_ processID: Int32, most: Int) throws(ProcError) -> [UInt64] {
    var result = 0
    let inodes = [UInt64](unsafeUninitializedCapacity: most) { buffer, count in
      result = hf_proc_sockets(descriptor, processID, buffer.baseAddress, most, most)
      count = min(max(result, 0), most)
    }
    if result < 0 { throw ProcError(code: Int32(result)) }
    return inodes
  }

  /// The numbered entries of a folder (threads, descriptors), at most `most`, and how many there
  /// are.
  func numbers(_ path: String, most: Int) throws(ProcError) -> (numbers: [Int32], count: Int) {
    var result = 0
    let numbers = [Int32](unsafeUninitializedCapacity: most) { buffer, count in
      result = hf_proc_numbers(descriptor, path, buffer.baseAddress, most)
      count = min(max(result, 0), most)
    }
    if result < 0 { throw ProcError(code: Int32(result)) }
    return (numbers, result)
  }

  /// A file's bytes, at most `limit`.
  func bytes(_ path: String, limit: Int = 64 * 1024) throws(ProcError) -> [UInt8] {
    var block: UnsafeMutablePointer<CChar>?
    let size = hf_proc_read_all(descriptor, path, limit, &block)
    guard size >= 0 else { throw ProcError(code: Int32(size)) }
    defer { free(block) }
    return Array(UnsafeRawBufferPointer(start: block, count: size))
  }

  func text(_ path: String, limit: Int = 64 * 1024) throws(ProcError) -> String {
    String(decoding: try bytes(path, limit: limit), as: UTF8.self)
  }

  /// Where a link leads, as the kernel writes it, control characters replaced.
  func link(_ path: String) throws(ProcError) -> String {
    var result = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      result = buffer.withMemoryRebound(to: CChar.self) {
        hf_proc_link(descriptor, path, $0.baseAddress, 4096)
      }
      count = max(result, 0)
    }
    if result < 0 { throw ProcError(code: Int32(result)) }
    return PrintableText.of(bytes, maxBytes: 4096)
  }

  /// Whether a descriptor is a named pipe. It asks the file system of the file, which may hang:
  /// only for a thread that may.
  func isNamedPipe(_ path: String) -> Bool {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    var kind: UInt32 = 0
    return hf_proc_target(descriptor, path, &device, &inode, &kind) == 0 && kind == S_IFIFO
  }
}
