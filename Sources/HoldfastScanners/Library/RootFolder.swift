import CHoldfastSystem
import Glibc

/// The root of a library, held open: everything below is opened from it, never by an absolute path, and never through a link unless that is
/// asked for.
final class RootFolder: Sendable {
  let descriptor: Int32
  /// Absolute, free of links.
  let realPath: [UInt8]
  let device: UInt64
  let inode: UInt64
  private let target: String

  /// Longer paths are opened in stretches: the kernel takes at most 4,096 bytes, its end included.
  static let maxPathBytes = 4000

  /// - Returns: the root, or the errno of what went wrong.
  static func open(_ target: String) -> Result<RootFolder, SystemError> {
    let descriptor = Glibc.open(target, Int32(HF_O_PATH) | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
    var facts = hf_file()
    let code = hf_stat(descriptor, "", &facts)
    guard code == 0 else {
      close(descriptor)
      return .failure(SystemError(code: -code))
    }
    return .success(
      RootFolder(
        descriptor: descriptor, realPath: path(of: descriptor) ?? Array(target.utf8),
        device: facts.device, inode: facts.inode, target: target))
  }

  private init(
    descriptor: Int32, realPath: [UInt8], device: UInt64, inode: UInt64, target: String
  ) {
    self.descriptor = descriptor
    self.realPath = realPath
    self.device = device
    self.inode = inode
    self.target = target
  }

  deinit { close(descriptor) }

  /// The absolute paths by which links may name this folder.
  var names: [[UInt8]] { [realPath, Array(target.utf8)] }

  /// Whether the target's path still leads to this folder.
  var isStillThere: Bool {
    guard case .success(let other) = Self.open(target) else { return false }
    return other.device == device && other.inode == inode
  }

  /// Opens `path` below the root, which may be longer than `PATH_MAX`.
  ///
  /// - Parameter followingLinks: whether links may be followed, as long as they do not lead out of the root.
  /// - Returns: a descriptor, or a negative errno.
  func open(_ path: [UInt8], flags: Int32, followingLinks: Bool = false) -> Int32 {
    let links = Int32(followingLinks ? HF_LINKS_BENEATH : HF_NO_LINKS)
    if path.isEmpty {
      let result = hf_open_beneath(descriptor, ".", flags, links)
      if result != -ENOSYS { return result }
      let fallback = openat(descriptor, ".", flags | O_CLOEXEC)
      return fallback < 0 ? -errno : fallback
    }
    if path.count <= Self.maxPathBytes {
      let result = withCString(path) { hf_open_beneath(descriptor, $0, flags, links) }
      return result == -ENOSYS ? openStepwise(path, flags: flags) : result
    }
    return openInStretches(path, flags: flags, links: links)
  }

  private func openInStretches(_ path: [UInt8], flags: Int32, links: Int32) -> Int32 {
    var folder = descriptor
    defer { if folder != descriptor { close(folder) } }
    var rest = path[...]
    while rest.count > Self.maxPathBytes {
      // A name has at most 255 bytes, so that there is a slash to cut at.
      guard let cut = rest.prefix(Self.maxPathBytes).lastIndex(of: UInt8(ascii: "/")) else {
        return -ENAMETOOLONG
      }
      let next = withCString(rest[..<cut]) {
        hf_open_beneath(folder, $0, Int32(HF_O_PATH) | O_DIRECTORY, links)
      }
      if next < 0 { return next }
      if folder != descriptor { close(folder) }
      folder = next
      rest = rest[(cut + 1)...]
    }
    return withCString(rest) { hf_open_beneath(folder, $0, flags, links) }
  }

  /// For kernels without openat2: name by name without following links, which comes to the same.
  private func openStepwise(_ path: [UInt8], flags: Int32) -> Int32 {
    var folder = descriptor
    defer { if folder != descriptor { close(folder) } }
    let names = path.split(separator: UInt8(ascii: "/"))
    for (index, name) in names.enumerated() {
      let isLast = index == names.count - 1
      let next = withCString(name) {
        openat(
          folder, $0, (isLast ? flags : Int32(HF_O_PATH) | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC)
      }
      if next < 0 { return -errno }
      if isLast { return next }
      if folder != descriptor { close(folder) }
      folder = next
    }
    return -ENOENT
  }

  /// Where a descriptor leads, as the kernel says; `nil` without `/proc`, or if it was deleted.
  static func path(of descriptor: Int32) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
    guard count > 0, count < buffer.count, buffer[0] == CChar(UInt8(ascii: "/")) else { return nil }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }
}

/// What a system call said.
struct SystemError: Error, Hashable {
  var code: Int32
  /// As strerror(3) says it, in lower case to go on a sentence.
  var text: String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

/// Lends a path as a C string.
func withCString<Result>(
  _ path: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Result
) -> Result {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: path.count + 1) { buffer in
    var index = 0
    for byte in path {
      buffer[index] = CChar(bitPattern: byte)
      index += 1
    }
    buffer[index] = 0
    return body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
  }
}
