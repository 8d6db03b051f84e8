import CHoldfastSystem
import Glibc

/// Says where a symbolic link leads without ever touching anything outside the root.
struct LinkJudge: Sendable {
  let root: RootFolder

  enum Verdict {
    /// Beneath the root, or nowhere.
    case inside
    /// Only by `..` above the root.
    case climbsOut
    case outside
  }

  /// - Parameters:
  ///   - folder: the open folder that holds the link.
  ///   - path: the link's path below the root.
  func verdict(folder: Int32, path: [UInt8], name: UnsafePointer<CChar>) -> Verdict {
    let result = open(folder: folder, path: path, name: name, flags: Int32(HF_O_PATH))
    if result >= 0 { close(result) }
    // What is too deep for one call is judged by its text alone.
    guard result == -EXDEV || result == -ENAMETOOLONG else { return .inside }
    guard let text = text(folder: folder, name: name) else { return .inside }
    if text.first != Self.slash, Self.climbs(text, depth: Self.depth(of: path)) {
      return .climbsOut
    }
    return result == -EXDEV ? .outside : .inside
  }

  /// Opens what the link leads to, if that is beneath the root; else a negative errno, `-EXDEV` if it leads out.
  func open(
    folder: Int32, path: [UInt8], name: UnsafePointer<CChar>, flags: Int32
  ) -> Int32 {
    guard let text = text(folder: folder, name: name) else { return -ENOENT }
    if text.first == Self.slash {
      // The kernel refuses every absolute link, also one that names the root itself.
      for prefix in root.names where MountTable.isAt(text, orBelow: prefix) {
        let rest = text.dropFirst(prefix.count).drop { $0 == Self.slash }
        if Self.climbs(Array(rest), depth: 0) { return -EXDEV }
        return root.open(Array(rest), flags: flags, followingLinks: true)
      }
      return -EXDEV
    }
    if path.count > RootFolder.maxPathBytes { return -ENAMETOOLONG }
    return root.open(path, flags: flags, followingLinks: true)
  }

  private func text(folder: Int32, name: UnsafePointer<CChar>) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlinkat(folder, name, $0, text.count) } ?? -1
      }
    }
    return count >= 0 ? Array(buffer.prefix(count)) : nil
  }

  /// How many folders lie between the root and the link.
  private static func depth(of path: [UInt8]) -> Int { path.count { $0 == slash } }

  /// Whether the text, read from a folder at `depth`, goes above the root at some point.
  private static func climbs(_ text: [UInt8], depth: Int) -> Bool {
    var depth = depth
    for name in text.split(separator: slash) where name != [UInt8(ascii: ".")] {
      depth += name.elementsEqual("..".utf8) ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }

  private static let slash = UInt8(ascii: "/")
}
