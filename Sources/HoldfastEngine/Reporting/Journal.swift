import FoundationEssentials
import Glibc
import HoldfastCore
import Synchronization

/// What one life of a worker could not yet tell the database, in files of one folder: a line of JSON for each report, on disk
/// before it counts as safe.
///
/// A `flock` on the folder's lock file tells whether the life that wrote it is still there; the kernel lets go of it with
/// the process, whatever way that ends. All calls block; they are made on a thread pool.
final class Journal: Sendable {
  struct Entry: Codable, Sendable, Equatable {
    var sequence: Int64
    var report: AttemptReport
  }

  /// A place between two entries.
  struct Position: Sendable, Equatable {
    var segment = 1
    var offset = 0
  }

  private struct State {
    var descriptor: Int32 = -1
    var end = Position()
    var bytes = 0
    var lock: Int32 = -1
    var unreadableLines = 0
  }

  let folder: String
  private let maxSegmentBytes: Int
  private let maxBytes: Int
  private let state = Mutex(State())

  init(folder: String, maxSegmentBytes: Int = 32 << 20, maxBytes: Int = 2 << 30) {
    self.folder = folder
    self.maxSegmentBytes = maxSegmentBytes
    self.maxBytes = maxBytes
  }

  deinit {
    state.withLock {
      if $0.descriptor >= 0 { close($0.descriptor) }
      if $0.lock >= 0 { close($0.lock) }
    }
  }

  /// Whole lines that were met and could not be read.
  var unreadableLines: Int { state.withLock { $0.unreadableLines } }

  /// The place after the last entry.
  var end: Position { state.withLock { $0.end } }

  /// Writes the entries and waits until the disk has them.
  func append(_ entries: [Entry]) throws(JournalError) {
    let bytes = try Self.encode(entries, folder: folder)
    try state.withLock { state throws(JournalError) in
      guard state.bytes + bytes.count <= maxBytes else { throw .full(bytes: state.bytes) }
      try open(&state)
      let path = segmentPath(state.end.segment)
      do throws(JournalError) {
        try Self.writeAll(bytes, to: state.descriptor, path: path)
        guard fdatasync(state.descriptor) == 0 else { throw Self.failure(path) }
      } catch {
        // A half-written line must not stand before the next one.
        _ = ftruncate(state.descriptor, off_t(state.end.offset))
        _ = lseek(state.descriptor, off_t(state.end.offset), SEEK_SET)
        throw error
      }
      state.end.offset += bytes.count
      state.bytes += bytes.count
      if state.end.offset >= maxSegmentBytes {
        close(state.descriptor)
        state.descriptor = -1
        state.end = Position(segment: state.end.segment + 1, offset: 0)
      }
    }
  }

  /// The next entries after `position`, about `maxBytes` of them and at least one, and the place after them.
  func read(
    from position: Position, maxBytes: Int = 1 << 20
  ) throws(JournalError) -> (entries: [Entry], next: Position) {
    var position = position
    let end = end
    while true {
      let path = segmentPath(position.segment)
      let isLast = position.segment >= end.segment
      guard var bytes = try Self.readFile(path, from: position.offset) else {
        if isLast { return ([], position) }
        position = Position(segment: position.segment + 1, offset: 0)
        continue
      }
      // What stands after the end is being written at this moment, and may yet be taken back.
      if isLast { bytes = Array(bytes.prefix(max(0, end.offset - position.offset))) }
      let (entries, length, unreadable) = Self.decode(bytes, maxBytes: maxBytes)
      state.withLock { $0.unreadableLines += unreadable }
      if entries.isEmpty && !isLast {
        position = Position(segment: position.segment + 1, offset: 0)
        continue
      }
      return (entries, Position(segment: position.segment, offset: position.offset + length))
    }
  }

  /// Removes the files that lie wholly before `position`.
  func discard(before position: Position) {
    state.withLock {
      for segment in 1..<max(position.segment, 1) {
        var information = stat()
        let path = segmentPath(segment)
        guard stat(path, &information) == 0, unlink(path) == 0 else { continue }
        $0.bytes -= Int(information.st_size)
      }
    }
  }

  /// Removes all entries; the next one starts a new file.
  func clear() {
    state.withLock {
      if $0.descriptor >= 0 { close($0.descriptor) }
      $0.descriptor = -1
      unlink(segmentPath($0.end.segment))
      $0.end = Position(segment: $0.end.segment + 1, offset: 0)
      $0.bytes = 0
    }
    discard(before: end)
  }

  /// Moves the folder out of the way, to be looked at by people, and returns its new path.
  func setAside() throws(JournalError) -> String {
    let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
    let path = (parts.dropLast() + [Self.asidePrefix + (parts.last ?? "")]).joined(separator: "/")
    guard rename(folder, path) == 0 else { throw Self.failure(folder) }
    return path
  }

  /// What folders are called that nobody delivers any more.
  static let asidePrefix = "set-aside-"

  /// Removes the folder with all that is in it.
  func remove() {
    clear()
    unlink(folder + "/lock")
    rmdir(folder)
  }

  /// Opens the journal of an earlier life.
  ///
  /// - Throws: ``JournalError/inUse(path:)`` if that life is still there.
  static func reopen(folder: String) throws(JournalError) -> Journal {
    let journal = Journal(folder: folder)
    let segments = Self.names(in: folder).compactMap { Int($0.prefix { $0 != "." }) }
    try journal.state.withLock { state throws(JournalError) in
      try journal.lock(&state)
      state.end = Position(segment: (segments.max() ?? 0) + 1, offset: 0)
    }
    return journal
  }

  /// The names in a folder; none if it does not exist.
  static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

// MARK: Files

extension Journal {
  private func segmentPath(_ segment: Int) -> String {
    let digits = String(segment)
    return folder + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      + ".ndjson"
  }

  private func open(_ state: inout State) throws(JournalError) {
    if state.lock < 0 {
      try makeFolders(folder)
      try lock(&state)
    }
    guard state.descriptor < 0 else { return }
    let path = segmentPath(state.end.segment)
    state.descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard state.descriptor >= 0 else {
      let failure = Self.failure(path)
      // A worker that starts beside this one may have found the folder in the moment before it was locked, and removed it as an
      // empty one of an earlier life: the next try makes it anew.
      close(state.lock)
      state.lock = -1
      throw failure
    }
    try syncFolder()
  }

  private func lock(_ state: inout State) throws(JournalError) {
    let path = folder + "/lock"
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure(path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .inUse(path: folder)
    }
    state.lock = descriptor
  }

  /// A new file is there after a crash of the machine only once its folder is on disk.
  private func syncFolder() throws(JournalError) {
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Self.failure(folder) }
  }

  /// Adds to a file that is no journal, and waits until the disk has it.
  static func appendLine(_ bytes: [UInt8], to path: String) throws(JournalError) {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, path: path)
    guard fdatasync(descriptor) == 0 else { throw Self.failure(path) }
  }

  private static func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, path: String
  ) throws(JournalError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      written += count
    }
  }

  private static func failure(_ path: String) -> JournalError {
    .io(path: path, reason: String(cString: strerror(errno)))
  }

  private func makeFolders(_ path: String) throws(JournalError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .io(path: path, reason: "\(error)")
    }
  }

  private static func readFile(
    _ path: String, from offset: Int
  ) throws(JournalError) -> [UInt8]? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .io(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(offset + bytes.count))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .io(path: path, reason: String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += chunk[0..<count]
    }
  }

  private static func encode(
    _ entries: [Entry], folder: String
  ) throws(JournalError) -> [UInt8] {
    let encoder = JSONEncoder()
    var bytes: [UInt8] = []
    for entry in entries {
      do {
        bytes += try encoder.encode(entry)
      } catch {
        throw .io(path: folder, reason: "a report cannot be written as JSON: \(error)")
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Reads whole lines. What follows the last newline was cut off by a crash and had not been acknowledged; a line that
  /// cannot be read is passed over and counted, because those after it can.
  private static func decode(
    _ bytes: [UInt8], maxBytes: Int
  ) -> (entries: [Entry], length: Int, unreadable: Int) {
    let decoder = JSONDecoder()
    var entries: [Entry] = []
    var start = 0
    var unreadable = 0
    while start < bytes.count, start < maxBytes || entries.isEmpty,
      let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
    {
      if let entry = try? decoder.decode(Entry.self, from: Data(bytes[start..<newline])) {
        entries.append(entry)
      } else {
        unreadable += 1
      }
      start = newline + 1
    }
    return (entries, start, unreadable)
  }
}
