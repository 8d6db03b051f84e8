import Glibc
package import HoldfastCore

/// The breadcrumb file of one attempt, as the worker sees it: it prepares the file, and harvests it
/// when the runner is stuck or gone.
package struct BreadcrumbFile: Sendable, Hashable {
  package enum Failure: Error, Hashable, CustomStringConvertible {
    case cannotCreate(path: String, code: Int32)
    case cannotRead(path: String, code: Int32)
    /// Something else lies where the file was.
    case notAFile(path: String)
    case unreadable(path: String, BreadcrumbReader.Failure)

    package var description: String {
      switch self {
      case .cannotCreate(let path, let code):
        "cannot create the breadcrumb file \(path): \(String(cString: strerror(code)))"
      case .cannotRead(let path, let code):
        "cannot read the breadcrumb file \(path): \(String(cString: strerror(code)))"
      case .notAFile(let path): "\(path) is not a regular file"
      case .unreadable(let path, let failure): "the breadcrumb file \(path): \(failure)"
      }
    }
  }

  package let path: String

  package init(path: String) {
    self.path = path
  }

  /// Creates the file, for this user's eyes only, with an empty header, and blocks of its own on
  /// the disk, so that the runner cannot be ended by a full disk when it writes. Replaces what an
  /// earlier life left under this path.
  package static func create(at path: String) throws(Failure) -> BreadcrumbFile {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .cannotCreate(path: path, code: errno) }
    defer { close(descriptor) }
    // Where a file system cannot allocate ahead (EOPNOTSUPP), glibc writes the blocks itself.
    let code = posix_fallocate(descriptor, 0, off_t(BreadcrumbLayout.size))
    guard code == 0 else { throw abandoned(path, code) }
    let header = BreadcrumbLayout.header()
    guard pwrite(descriptor, header, header.count, 0) == header.count else {
      throw abandoned(path, errno)
    }
    return BreadcrumbFile(path: path)
  }

  private static func abandoned(_ path: String, _ code: Int32) -> Failure {
    unlink(path)
    return .cannotCreate(path: path, code: code)
  }

  /// Reads what the runner left; it may live and go on writing meanwhile.
  ///
  /// The file is read and not mapped: a runner that shortens it could otherwise end its worker with
  /// SIGBUS. Blocks for a moment: not for the cooperative pool.
  package func harvest() throws(Failure) -> BreadcrumbTrail {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotRead(path: path, code: errno) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw .notAFile(path: path)
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: BreadcrumbLayout.size + 1) { buffer, count in
      while count < buffer.count, let base = buffer.baseAddress {
        let size = read(descriptor, base + count, buffer.count - count)
        if size < 0, errno == EINTR { continue }
        if size < 0 { code = errno }
        if size <= 0 { break }
        count += size
      }
    }
    guard code == 0 else { throw .cannotRead(path: path, code: code) }
    do {
      return try BreadcrumbReader.read(bytes).masked()
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// Removes the file, once its story is stored.
  package func remove() {
    unlink(path)
  }
}

extension BreadcrumbTrail {
  /// The same with secrets masked, that URLs and log lines may hold.
  func masked() -> BreadcrumbTrail {
    func masked(_ crumb: Crumb) -> Crumb {
      var crumb = crumb
      crumb.text = SecretMask.text(crumb.text)
      return crumb
    }
    var trail = self
    trail.step = step.map(masked)
    trail.current = current.map(masked)
    trail.waitingFor = waitingFor.map(masked)
    trail.log = log.map(masked)
    return trail
  }
}
