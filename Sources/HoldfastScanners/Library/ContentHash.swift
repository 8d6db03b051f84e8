import CHoldfastSystem
import Glibc

/// Hashes a file's content.
struct ContentHash {
  enum Outcome {
    /// The hash, and the facts of the content that was hashed.
    case hashed(Hash128, FileFacts)
    /// It changed under the hand, again and again: its facts, and no hash.
    case restless(FileFacts)
    case unreadable(SystemError)
    /// It is not there any more.
    case gone
    /// Something else is there now, or a link.
    case swapped
    case stopped
  }

  private let context: LibraryContext

  /// One read; between two of them it looks whether it is to stop.
  private static let chunkBytes = 1 << 20

  init(_ context: LibraryContext) { self.context = context }

  /// - Parameters:
  ///   - folder: the open folder that holds the file.
  ///   - path: the file's path below the root; needed where a link is followed.
  func hash(folder: Int32, path: [UInt8], name: UnsafeRawBufferPointer, isLink: Bool) -> Outcome {
    withCString(name) { cName in
      let file =
        isLink
        ? context.links.open(
          folder: folder, path: path, name: cName, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        // A pipe that took the file's place must not hold us.
        : hf_open_beneath(
          folder, cName, O_RDONLY | O_NONBLOCK | O_NOCTTY, Int32(HF_NO_LINKS))
      if file == -ENOENT || file == -ENOTDIR { return .gone }
      if file == -ELOOP || file == -EXDEV { return .swapped }
      if file < 0 { return .unreadable(SystemError(code: -file)) }
      defer { close(file) }
      return hash(file)
    }
  }

  private func hash(_ file: Int32) -> Outcome {
    var facts = hf_file()
    for _ in 0..<3 {
      let code = hf_stat(file, "", &facts)
      if code != 0 { return .unreadable(SystemError(code: -code)) }
      guard facts.mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { return .swapped }
      let before = FileFacts(facts)
      switch read(file) {
      case .success(let hash?):
        guard hf_stat(file, "", &facts) == 0 else { return .gone }
        if FileFacts(facts) == before { return .hashed(hash, before) }
      case .success(nil): return .stopped
      case .failure(let error): return .unreadable(error)
      }
    }
    return .restless(FileFacts(facts))
  }

  /// - Returns: `nil` when asked to stop.
  private func read(_ file: Int32) -> Result<Hash128?, SystemError> {
    guard let state = hf_hash_new() else { return .failure(SystemError(code: ENOMEM)) }
    var hash = Hash128.zero
    var isDone = false
    defer { if !isDone { hf_hash_end(state, &hash.high, &hash.low) } }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.chunkBytes, alignment: 4096)
    defer { buffer.deallocate() }
    var offset = 0
    while true {
      if context.shouldStop { return .success(nil) }
      let count = pread(file, buffer.baseAddress, buffer.count, offset)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return .failure(SystemError(code: errno)) }
      if count == 0 { break }
      hf_hash_update(state, buffer.baseAddress, count)
      offset += count
      context.live.add(hashed: Int64(count))
    }
    isDone = true
    hf_hash_end(state, &hash.high, &hash.low)
    return .success(hash)
  }
}
