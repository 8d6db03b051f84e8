import CHoldfastSystem
import FoundationEssentials
import Glibc

/// Small files that only their owner may read: the admin token and the key of the sessions.
enum OwnerFile {
  /// Makes the folder of the data, readable by its owner only, if it is missing.
  static func makeDirectory(_ path: String) throws(ServerError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .file(path: path, problem: "cannot be made: \(lastProblem())")
    }
  }

  /// The text of the file without line ends; `nil` if there is none. See ``readText(_:)``.
  static func read(_ path: String) throws(ServerError) -> String? {
    guard let text = try readText(path) else { return nil }
    return String(decoding: text.utf8.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
  }

  /// The text of the file, at most 16 KiB of it; `nil` if there is none.
  ///
  /// Refuses links, and files that others could read or that belong to somebody else: what they
  /// hold is no secret.
  static func readText(_ path: String) throws(ServerError) -> String? {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .file(path: path, problem: "cannot be opened: \(lastProblem())")
    }
    defer { close(descriptor) }
    var facts = hf_file()
    guard hf_stat(descriptor, "", &facts) == 0, facts.mode & S_IFMT == S_IFREG else {
      throw .file(path: path, problem: "is not a plain file")
    }
    guard facts.uid == geteuid(), facts.mode & 0o077 == 0 else {
      throw .file(
        path: path,
        problem: "must belong to the user that runs holdfast and be readable by nobody else: "
          + "chown it, and chmod 600 it")
    }
    var buffer = [UInt8](repeating: 0, count: 16_384)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    guard count >= 0 else { throw .file(path: path, problem: "cannot be read: \(lastProblem())") }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }

  /// Makes the file, with mode 600, which must not exist.
  ///
  /// - Returns: `false` if it exists.
  static func create(_ path: String, text: String) throws(ServerError) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST { return false }
      throw .file(path: path, problem: "cannot be made: \(lastProblem())")
    }
    defer { close(descriptor) }
    let bytes = Array((text + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      let problem = lastProblem()
      unlink(path)
      throw .file(path: path, problem: "cannot be written: \(problem)")
    }
    return true
  }

  /// Puts a new text in place of the file's, whole or not at all.
  static func replace(_ path: String, text: String) throws(ServerError) {
    let temporary = "\(path).\(Secrets.random(6)).new"
    guard try create(temporary, text: text) else {
      throw .file(path: temporary, problem: "is there already")
    }
    guard rename(temporary, path) == 0 else {
      let problem = lastProblem()
      unlink(temporary)
      throw .file(path: path, problem: "cannot be replaced: \(problem)")
    }
  }

  private static func lastProblem() -> String {
    String(cString: strerror(errno))
  }
}
