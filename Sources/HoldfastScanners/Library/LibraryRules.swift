import CHoldfastSystem
import Glibc
import HoldfastCore

/// What belongs to a library: the scan's parameters in the form that the walk asks them.
struct LibraryRules: Sendable {
  let allowedExtensions: [[UInt8]]?
  let maxSizeBytes: UInt64
  let followLinks: Bool
  let hash: Bool
  let exclude: [Glob]
  let allowRemoval: Bool
  private let user = geteuid()

  init(_ parameters: LibraryParameters) {
    allowedExtensions = parameters.allowedExtensions?.map { Array(".\($0)".utf8) }
    maxSizeBytes = parameters.maxSizeBytes.map(UInt64.init) ?? .max
    followLinks = parameters.followLinks
    hash = parameters.hash
    exclude = parameters.exclude.map(Glob.init)
    allowRemoval = parameters.allowRemoval
  }

  func excludes(folder: [UInt8], name: UnsafeRawBufferPointer, isFolder: Bool) -> Bool {
    !exclude.isEmpty
      && exclude.contains { $0.matches(folder: folder, name: name, isFolder: isFolder) }
  }

  /// Whether the path or a folder above it is passed over.
  func excludes(path: [UInt8]) -> Bool {
    guard !exclude.isEmpty else { return false }
    var folder: [UInt8] = []
    for name in path.split(separator: UInt8(ascii: "/")) {
      let isExcluded = Array(name).withUnsafeBytes {
        excludes(folder: folder, name: $0, isFolder: true)
      }
      if isExcluded { return true }
      folder = joined(folder, name)
    }
    return false
  }

  /// ASCII letters count alike in both cases, as in `Film.MP4`.
  func allowsExtension(of name: UnsafeRawBufferPointer) -> Bool {
    guard let allowedExtensions else { return true }
    return allowedExtensions.contains { ending in
      name.count > ending.count
        && zip(name.suffix(ending.count), ending).allSatisfy { byte, wanted in
          byte == wanted || (byte >= 65 && byte <= 90 && byte + 32 == wanted)
        }
    }
  }

  /// Whether the mode bits alone say that this process may read the file; otherwise the kernel has to be asked.
  func isPlainlyReadable(_ file: hf_file) -> Bool {
    file.mode & 0o444 == 0o444 || user == 0 || (file.uid == user && file.mode & 0o400 != 0)
  }
}
