import CHoldfastSystem
import Glibc

/// Files that anybody may read and nobody else may write: whoever can change a public key here signs in with their own.
enum TrustedFile {
  /// Tells a changed file from the same one, without reading it.
  struct Stamp: Sendable, Hashable {
    var inode: UInt64
    var size: UInt64
    var modifiedNanoseconds: Int64
  }

  struct Problem: Error, Sendable, Hashable {
    var text: String
    /// Whether there simply is no such file.
    var isMissing = false
  }

  static let mostBytes = 1 << 20

  /// `nil` if there is no such file. Links are followed: that is how mounted key sets change as a whole.
  static func stamp(_ path: String) -> Stamp? {
    let descriptor = open(path, CInt(HF_O_PATH) | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var facts = hf_file()
    guard hf_stat(descriptor, "", &facts) == 0 else { return nil }
    return stamp(of: facts)
  }

  static func read(_ path: String) throws(Problem) -> (text: String, stamp: Stamp) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw Problem(text: "is missing", isMissing: true) }
      throw Problem(text: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var facts = hf_file()
    guard hf_stat(descriptor, "", &facts) == 0, facts.mode & S_IFMT == S_IFREG else {
      throw Problem(text: "is not a plain file")
    }
    guard facts.uid == geteuid() || facts.uid == 0, facts.mode & 0o022 == 0 else {
      throw Problem(
        text: "could be changed by others: it must belong to root or to the user that runs "
          + "holdfast, and be writable by nobody else (chmod go-w)")
    }
    guard facts.size <= UInt64(mostBytes) else { throw Problem(text: "is larger than 1 MiB") }
    return (try contents(descriptor), stamp(of: facts))
  }

  private static func contents(_ descriptor: CInt) throws(Problem) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count <= mostBytes {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Problem(text: "cannot be read: \(String(cString: strerror(errno)))")
      }
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem(text: "is not text in UTF-8")
    }
    return text
  }

  private static func stamp(of facts: hf_file) -> Stamp {
    Stamp(inode: facts.inode, size: facts.size, modifiedNanoseconds: facts.mtime_ns)
  }
}
