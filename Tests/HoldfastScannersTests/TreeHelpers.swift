import Foundation
import HoldfastTestKit

/// A system call that a test needs has failed.
struct CallFailed: Error {
  var call: String
  var code: Int32
}

extension TemporaryFolder {
  /// Writes a file, with the folders that lead to it.
  func write(_ name: String, _ content: String) throws {
    try makeFolder((name as NSString).deletingLastPathComponent)
    try Data(content.utf8).write(to: URL(fileURLWithPath: path(name)))
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path(name), withIntermediateDirectories: true)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path(name))
  }

  func move(_ name: String, to other: String) throws {
    try makeFolder((other as NSString).deletingLastPathComponent)
    try check(rename(path(name), path(other)), "rename")
  }

  func link(_ name: String, to target: String) throws {
    try makeFolder((name as NSString).deletingLastPathComponent)
    try check(symlink(target, path(name)), "symlink")
  }

  /// Sets both times of a file, which also sets the time of its last change to now.
  func touch(_ name: String, seconds: Int) throws {
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try check(utimensat(AT_FDCWD, path(name), &times, AT_SYMLINK_NOFOLLOW), "utimensat")
  }
}

func check(_ code: Int32, _ call: String) throws {
  if code != 0 { throw CallFailed(call: call, code: errno) }
}
