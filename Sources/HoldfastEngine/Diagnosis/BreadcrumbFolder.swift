import Glibc
import HoldfastCore
import NIOPosix
import Synchronization

/// The breadcrumb files of one life of a worker, one for each runner, in `breadcrumbs/LIFE/` of the data folder.
///
/// A runner is started before it is known which attempt it will serve, so its file has a name of its own at first. The attempt
/// that takes it gives the file a second name (a hard link) that tells the attempt, which is what a later life on this machine goes
/// by. A `flock` on the folder tells it whether the life that made it is still there.
final class BreadcrumbFolder: Sendable {
  /// What an attempt's file is called.
  struct Name: Sendable, Hashable {
    var lease: Lease
    var attempt: Int

    init(lease: Lease, attempt: Int) {
      self.lease = lease
      self.attempt = attempt
    }

    /// Reads `SCAN.TOKEN.ATTEMPT`; `nil` for any other file.
    init?(_ text: String) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let id = ScanID(String(parts[0])), let token = Int64(parts[1]),
        let attempt = Int(parts[2])
      else { return nil }
      lease = Lease(scanID: id, token: token)
      self.attempt = attempt
    }

    var text: String { "\(lease.scanID).\(lease.token).\(attempt)" }
  }

  private struct State {
    var runners = 0
    var lock: Int32 = -1
  }

  let path: String
  private let state = Mutex(State())

  /// - Parameter path: absolute, since a runner works in `/`.
  init(path: String) {
    self.path = path
  }

  deinit {
    state.withLock { if $0.lock >= 0 { close($0.lock) } }
  }

  /// Prepares the file of the next runner. Blocks for a moment.
  func next() throws(BreadcrumbFile.Failure) -> BreadcrumbFile {
    let number = try state.withLock { state throws(BreadcrumbFile.Failure) in
      if state.lock < 0 { state.lock = try Self.open(path) }
      state.runners += 1
      return state.runners
    }
    return try BreadcrumbFile.create(at: "\(path)/runner-\(number)")
  }

  /// Names the file after the attempt that has its runner now. Without links (some network file systems) only a later life misses
  /// something.
  func assign(_ file: BreadcrumbFile, to name: Name) {
    link(file.path, "\(path)/\(name.text)")
  }

  /// Removes an attempt's file under both its names.
  func remove(_ file: BreadcrumbFile, of name: Name?) {
    file.remove()
    if let name { unlink("\(path)/\(name.text)") }
  }

  /// Removes all that is left, once no runner is.
  func remove() {
    for name in Journal.names(in: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// The folder of a life that is gone, held against others; `nil` if that life is still there.
  static func reopen(_ path: String) -> BreadcrumbFolder? {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    let folder = BreadcrumbFolder(path: path)
    folder.state.withLock { $0.lock = descriptor }
    return folder
  }

  /// The attempts whose files are still here.
  var attempts: [(name: Name, file: BreadcrumbFile)] {
    Journal.names(in: path).compactMap { text in
      Name(text).map { ($0, BreadcrumbFile(path: "\(path)/\(text)")) }
    }
  }

  /// Makes the folder and locks it before it has its name: a worker that starts beside this one would otherwise find it without its
  /// lock, take it for an earlier life's, and remove it.
  private static func open(_ path: String) throws(BreadcrumbFile.Failure) -> Int32 {
    let components = path.split(separator: "/")
    var parent = ""
    for component in components.dropLast() {
      parent += "/" + component
      if mkdir(parent, 0o700) != 0, errno != EEXIST {
        throw .cannotCreate(path: parent, code: errno)
      }
    }
    let unnamed = "\(parent)/\(unnamedPrefix)\(components.last ?? "")"
    if mkdir(unnamed, 0o700) != 0, errno != EEXIST {
      throw .cannotCreate(path: unnamed, code: errno)
    }
    let descriptor = Glibc.open(unnamed, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, rename(unnamed, path) == 0
    else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw .cannotCreate(path: path, code: code)
    }
    return descriptor
  }

  /// What a folder is called before it is locked.
  private static let unnamedPrefix = ".new-"

  /// The lives that have a folder of breadcrumbs in `path`.
  static func lives(in path: String) -> [String] {
    Journal.names(in: path).filter { !$0.hasPrefix(unnamedPrefix) }
  }
}
