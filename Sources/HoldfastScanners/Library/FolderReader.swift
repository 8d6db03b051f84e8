import CHoldfastSystem
import Glibc
import HoldfastCore

/// Reads one folder after the other into snapshots. Each thread has its own.
final class FolderReader {
  enum Outcome {
    case read
    /// It cannot be read now; what it held stays as it was.
    case unreadable(SystemError)
    /// It is not there any more, or is no folder any more.
    case gone(SystemError)
    /// Its path leads out of the root, or through a link, since it was swapped.
    case escaped
    case stopped
  }

  private let context: LibraryContext
  private let buffer: UnsafeMutableRawBufferPointer

  /// Large, so that a folder of a million entries takes few calls; small enough to stay in the processor's cache.
  private static let bufferBytes = 128 * 1024

  init(_ context: LibraryContext) {
    self.context = context
    buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// - Parameter snapshot: cleared first; holds the folder afterwards, and also what went wrong with it.
  func read(_ task: FolderTask, into snapshot: FolderSnapshot) -> Outcome {
    snapshot.clear()
    snapshot.tally.folders = 1
    let folder = context.root.open(task.path, flags: O_RDONLY | O_DIRECTORY)
    guard folder >= 0 else { return fail(task, snapshot, SystemError(code: -folder)) }
    defer { close(folder) }
    return readEntries(Reading(descriptor: folder, task: task, snapshot: snapshot))
  }

  /// Only the names of the folders and links in it, without looking at anything: what the rest of a half-done folder needs, and
  /// the search for links.
  ///
  /// - Returns: sorted, each followed by a zero byte; `nil` if the folder cannot be read.
  func names(of task: FolderTask) -> (folders: [UInt8], links: [UInt8])? {
    let snapshot = FolderSnapshot()
    let folder = context.root.open(task.path, flags: O_RDONLY | O_DIRECTORY)
    guard folder >= 0 else { return nil }
    defer { close(folder) }
    let reading = Reading(descriptor: folder, task: task, snapshot: snapshot, onlyNames: true)
    guard case .read = readEntries(reading) else { return nil }
    return (snapshot.folders.sorted(), snapshot.links.sorted())
  }

  /// One folder that is being read.
  private struct Reading {
    let descriptor: Int32
    let task: FolderTask
    let snapshot: FolderSnapshot
    var onlyNames = false
  }

  private func fail(_ task: FolderTask, _ snapshot: FolderSnapshot, _ error: SystemError) -> Outcome
  {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    snapshot.tally.folders = 0
    switch error.code {
    case ENOENT, ENOTDIR:
      snapshot.fail(
        .fileNotFound, folder: task.keyPath, name: none,
        "The folder was gone when it was to be read.")
      return .gone(error)
    case ELOOP, EXDEV, EAGAIN:
      snapshot.fail(
        .pathTraversal, folder: task.keyPath, name: none,
        "The folder was moved or replaced by a link while the library was scanned.")
      return .escaped
    default:
      snapshot.fail(
        .permissionDenied, folder: task.keyPath, name: none,
        "The folder cannot be read: \(error.text).")
      return .unreadable(error)
    }
  }

  private func readEntries(_ reading: Reading) -> Outcome {
    let snapshot = reading.snapshot
    while true {
      let count = hf_read_entries(reading.descriptor, buffer.baseAddress, buffer.count)
      if count == 0 { return .read }
      if count < 0 {
        snapshot.clear()
        return fail(reading.task, snapshot, SystemError(code: Int32(-count)))
      }
      let before = (snapshot.tally.entries, snapshot.tally.bytes)
      if let error = readEntries(reading, bytes: count) {
        snapshot.clear()
        return fail(reading.task, snapshot, error)
      }
      if reading.onlyNames { continue }
      context.live.add(
        entries: snapshot.tally.entries - before.0, bytes: snapshot.tally.bytes - before.1)
      if context.shouldStop { return .stopped }
    }
  }

  /// - Returns: what keeps the whole folder from being read.
  private func readEntries(_ reading: Reading, bytes: Int) -> SystemError? {
    guard let base = buffer.baseAddress else { return nil }
    var position = 0
    while position < bytes {
      // struct linux_dirent64: d_ino (8), d_off (8), d_reclen (2), d_type (1), d_name.
      let entry = base + position
      position += Int(entry.load(fromByteOffset: 16, as: UInt16.self))
      let type = entry.load(fromByteOffset: 18, as: UInt8.self)
      let name = UnsafePointer((entry + 19).assumingMemoryBound(to: CChar.self))
      if name[0] == 0x2E, name[1] == 0 || (name[1] == 0x2E && name[2] == 0) { continue }
      if let error = look(at: name, type: type, reading) { return error }
    }
    return nil
  }

  private func look(
    at name: UnsafePointer<CChar>, type: UInt8, _ reading: Reading
  ) -> SystemError? {
    let snapshot = reading.snapshot
    let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
    var type = type
    var facts: hf_file?
    snapshot.rawEntries += 1
    if type == UInt8(DT_UNKNOWN) {
      // Some file systems do not tell.
      var file = hf_file()
      let code = hf_stat(reading.descriptor, name, &file)
      if code != 0 { return statFailed(-code, bytes, reading) }
      type = UInt8((file.mode & UInt32(S_IFMT)) >> 12)
      facts = file
    }
    let isFolder = type == UInt8(DT_DIR)
    if context.rules.excludes(folder: reading.task.keyPath, name: bytes, isFolder: isFolder) {
      return nil
    }
    snapshot.tally.entries += 1
    if reading.onlyNames {
      if isFolder { lookAtFolder(bytes, reading) }
      if type == UInt8(DT_LNK) { snapshot.links.add(bytes) }
      return nil
    }
    switch type {
    case UInt8(DT_DIR): lookAtFolder(bytes, reading)
    case UInt8(DT_REG): return lookAtFile(name, bytes, facts, reading)
    case UInt8(DT_LNK): lookAtLink(name, bytes, reading)
    // Sockets, pipes and devices are no part of a library, and opening one can hang.
    default: break
    }
    return nil
  }

  private func lookAtFolder(_ name: UnsafeRawBufferPointer, _ reading: Reading) {
    let task = reading.task
    if !context.lostMounts.isEmpty, context.lostMounts.contains(joined(task.path, name)) {
      if task.path != task.keyPath { context.keepBelow(joined(task.keyPath, name)) }
      reading.snapshot.fail(
        .fileNotFound, folder: task.keyPath, name: name,
        "The file system that was mounted here is not mounted; its files are kept as they were.")
      return
    }
    if task.depth == 0 { reading.snapshot.tally.categories += 1 }
    if task.depth == 1 { reading.snapshot.tally.courses += 1 }
    reading.snapshot.folders.add(name)
  }

  private func lookAtFile(
    _ name: UnsafePointer<CChar>, _ bytes: UnsafeRawBufferPointer, _ known: hf_file?,
    _ reading: Reading
  ) -> SystemError? {
    guard hasAllowedExtension(bytes, reading) else { return nil }
    var file = hf_file()
    if let known {
      file = known
    } else {
      let code = hf_stat(reading.descriptor, name, &file)
      if code != 0 { return statFailed(-code, bytes, reading) }
    }
    switch file.mode & UInt32(S_IFMT) {
    case UInt32(S_IFREG): break
    // It became something else since it was listed.
    case UInt32(S_IFDIR):
      lookAtFolder(bytes, reading)
      return nil
    case UInt32(S_IFLNK):
      lookAtLink(name, bytes, reading)
      return nil
    default: return nil
    }
    guard isWithinSize(file, bytes, reading) else { return nil }
    var form = FolderSnapshot.Form.file
    if !context.rules.isPlainlyReadable(file), hf_may_read(reading.descriptor, name) != 0 {
      form = .unreadable
      reading.snapshot.tally.kept += 1
      reading.snapshot.fail(
        .permissionDenied, folder: reading.task.keyPath, name: bytes,
        "The file cannot be read: permission denied.")
    } else {
      reading.snapshot.tally.files += 1
      reading.snapshot.tally.bytes += Int64(clamping: file.size)
    }
    reading.snapshot.add(FileFacts(file), form: form, name: bytes)
    return nil
  }

  private func hasAllowedExtension(_ name: UnsafeRawBufferPointer, _ reading: Reading) -> Bool {
    if context.rules.allowsExtension(of: name) { return true }
    reading.snapshot.fail(
      .invalidExtension, folder: reading.task.keyPath, name: name,
      "The file's extension is not among the allowed ones.")
    return false
  }

  private func isWithinSize(
    _ file: hf_file, _ name: UnsafeRawBufferPointer, _ reading: Reading
  ) -> Bool {
    let limit = context.rules.maxSizeBytes
    if file.size <= limit { return true }
    reading.snapshot.fail(
      .oversized, folder: reading.task.keyPath, name: name,
      "The file has \(file.size) bytes; the limit is \(limit).")
    return false
  }

  private func statFailed(
    _ code: Int32, _ name: UnsafeRawBufferPointer, _ reading: Reading
  ) -> SystemError? {
    switch code {
    case ENOENT:
      reading.snapshot.fail(
        .fileNotFound, folder: reading.task.keyPath, name: name,
        "The file disappeared while its folder was scanned.")
      return nil
    // A folder that may be listed but not searched: nothing in it can be judged. And a file system that fails or is
    // gone says nothing of what it holds.
    default: return SystemError(code: code)
    }
  }

  private func lookAtLink(
    _ name: UnsafePointer<CChar>, _ bytes: UnsafeRawBufferPointer, _ reading: Reading
  ) {
    let task = reading.task
    let path = joined(task.path, bytes)
    switch context.links.verdict(folder: reading.descriptor, path: path, name: name) {
    case .inside:
      if context.rules.followLinks { follow(name, bytes, path, reading) }
    case .climbsOut:
      reading.snapshot.fail(
        .pathTraversal, folder: task.keyPath, name: bytes,
        "The link leads above the library's root.")
    case .outside:
      reading.snapshot.fail(
        .symlinkExternal, folder: task.keyPath, name: bytes,
        "The link points outside the library's root.")
    }
  }

  /// Takes in the file that a link leads to. Links to folders come later, when all real folders are known.
  private func follow(
    _ name: UnsafePointer<CChar>, _ bytes: UnsafeRawBufferPointer, _ path: [UInt8],
    _ reading: Reading
  ) {
    let target = context.links.open(
      folder: reading.descriptor, path: path, name: name, flags: Int32(HF_O_PATH))
    guard target >= 0 else { return }
    defer { close(target) }
    var file = hf_file()
    guard hf_stat(target, "", &file) == 0, file.mode & UInt32(S_IFMT) == UInt32(S_IFREG),
      hasAllowedExtension(bytes, reading), isWithinSize(file, bytes, reading)
    else { return }
    reading.snapshot.tally.files += 1
    reading.snapshot.tally.bytes += Int64(clamping: file.size)
    reading.snapshot.add(FileFacts(file), form: .linked, name: bytes)
  }
}
