import Foundation

/// Changes one thread alone, by raw system calls: glibc's own functions change the whole process. What such a thread starts, inherits
/// the change; so a scan can run as somebody else, or with mounts of its own, inside a test.
enum ThreadIdentity {
  #if arch(x86_64)
    private static let (setgroups, setresgid, setresuid, mount, umount, unshare) =
      (116, 119, 117, 165, 166, 272)
  #elseif arch(arm64)
    private static let (setgroups, setresgid, setresuid, mount, umount, unshare) =
      (159, 149, 147, 40, 39, 97)
  #endif

  static var isRoot: Bool { geteuid() == 0 }

  /// Becomes `nobody` for good.
  static func becomeNobody() throws {
    try RawCall.call(setgroups, 0, 0)
    try RawCall.call(setresgid, 65534, 65534, 65534)
    try RawCall.call(setresuid, 65534, 65534, 65534)
  }

  /// Gets a table of mounts of its own.
  static func leaveMounts() throws {
    try RawCall.call(unshare, 0x0002_0000)
    try withPath("/") { try RawCall.call(mount, 0, $0, 0, 0x0004_4000, 0) }
  }

  static func mountTmpfs(_ path: String) throws {
    try withPath(path) { target in
      try withPath("tmpfs") { try RawCall.call(mount, $0, target, $0, 0, 0) }
    }
  }

  static func unmount(_ path: String) throws {
    try withPath(path) { try RawCall.call(umount, $0, 0) }
  }

  /// Runs on a thread of its own, which ends with it.
  static func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var result: Result<Value, any Error>?
    Thread.detachNewThread {
      result = Result { try body() }
      done.signal()
    }
    done.wait()
    guard let result else { throw CallFailed(call: "thread", code: 0) }
    return try result.get()
  }

  private static func withPath(_ path: String, _ body: (Int) throws -> Void) throws {
    try path.withCString { try body(Int(bitPattern: $0)) }
  }
}

/// System calls that glibc's Swift module does not offer.
enum RawCall {
  private typealias SystemCall = @convention(c) (Int, Int, Int, Int, Int, Int) -> Int

  static func call(
    _ number: Int, _ first: Int, _ second: Int = 0, _ third: Int = 0, _ fourth: Int = 0,
    _ fifth: Int = 0
  ) throws {
    guard let symbol = dlsym(nil, "syscall") else { throw CallFailed(call: "dlsym", code: 0) }
    let function = unsafeBitCast(symbol, to: SystemCall.self)
    if function(number, first, second, third, fourth, fifth) != 0 {
      throw CallFailed(call: "system call \(number)", code: errno)
    }
  }

  #if arch(x86_64)
    private static let renameat2 = 316
  #elseif arch(arm64)
    private static let renameat2 = 276
  #endif

  /// Swaps two names in one step, so that there is no moment without either.
  static func exchange(_ first: String, _ second: String) throws {
    try first.withCString { first in
      try second.withCString { second in
        try call(renameat2, -100, Int(bitPattern: first), -100, Int(bitPattern: second), 2)
      }
    }
  }
}
