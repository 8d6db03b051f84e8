/// A pattern of names: `*` and `?` stand for any bytes and any byte but `/`, `**` for any bytes at all, `[a-z]` and `[!a-z]` for one of
/// a set, `\` takes the next byte as it is. As in fnmatch(3), a `[` without its end stands for itself.
struct Glob: Sendable {
  private let pattern: [UInt8]
  private let matchesPath: Bool
  private let onlyFolders: Bool

  /// - Parameter text: with a `/` that is not its last byte, it is matched with the path below the root, else with the name alone.
  ///   A `/` at its end makes it match folders only.
  init(_ text: String) {
    var bytes = Array(text.utf8)[...]
    onlyFolders = bytes.last == Self.slash
    while bytes.last == Self.slash { bytes = bytes.dropLast() }
    matchesPath = bytes.contains(Self.slash)
    while bytes.first == Self.slash { bytes = bytes.dropFirst() }
    pattern = Array(bytes)
  }

  private static let slash = UInt8(ascii: "/")

  func matches(folder: [UInt8], name: UnsafeRawBufferPointer, isFolder: Bool) -> Bool {
    if onlyFolders && !isFolder { return false }
    if !matchesPath { return Self.matches(pattern, Array(name)) }
    return Self.matches(pattern, joined(folder, name))
  }

  /// Iterative with one point to go back to for `*` and one for `**`, so that no pattern takes exponential time.
  private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    var (at, from) = (0, 0)
    var star: (at: Int, from: Int)?
    var globstar: (at: Int, from: Int, wholeNames: Bool)?
    while true {
      if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
        if at + 1 < pattern.count, pattern[at + 1] == UInt8(ascii: "*") {
          at += 2
          // `a/**/b` matches `a/b` and `a/x/b`, and not `a/xb`.
          let wholeNames =
            at < pattern.count && pattern[at] == slash && (at == 2 || pattern[at - 3] == slash)
          if wholeNames { at += 1 }
          (globstar, star) = ((at, from, wholeNames), nil)
        } else {
          at += 1
          star = (at, from)
        }
        continue
      }
      if at == pattern.count, from == text.count { return true }
      if from < text.count, let next = matchOne(pattern, at, text[from]) {
        (at, from) = (next, from + 1)
      } else if let back = star, back.from < text.count, text[back.from] != slash {
        star = (back.at, back.from + 1)
        (at, from) = (back.at, back.from + 1)
      } else if let back = globstar, back.from < text.count {
        var next = back.from + 1
        if back.wholeNames {
          guard let end = text[back.from...].firstIndex(of: slash) else { return false }
          next = end + 1
        }
        (globstar, star) = ((back.at, next, back.wholeNames), nil)
        (at, from) = (back.at, next)
      } else {
        return false
      }
    }
  }

  /// The place behind the pattern's element at `at` if it matches `byte`.
  private static func matchOne(_ pattern: [UInt8], _ at: Int, _ byte: UInt8) -> Int? {
    guard at < pattern.count else { return nil }
    switch pattern[at] {
    case UInt8(ascii: "?"): return byte == slash ? nil : at + 1
    case UInt8(ascii: "\\") where at + 1 < pattern.count:
      return pattern[at + 1] == byte ? at + 2 : nil
    case UInt8(ascii: "["):
      if let set = matchSet(pattern, at, byte) { return set.isMember ? set.end : nil }
      return byte == UInt8(ascii: "[") ? at + 1 : nil
    default: return pattern[at] == byte ? at + 1 : nil
    }
  }

  private static func matchSet(
    _ pattern: [UInt8], _ start: Int, _ byte: UInt8
  ) -> (isMember: Bool, end: Int)? {
    var at = start + 1
    var isNegated = false
    if at < pattern.count, pattern[at] == UInt8(ascii: "!") || pattern[at] == UInt8(ascii: "^") {
      isNegated = true
      at += 1
    }
    let first = at
    var isMember = false
    while at < pattern.count, at == first || pattern[at] != UInt8(ascii: "]") {
      let low = pattern[at]
      var high = low
      if at + 2 < pattern.count, pattern[at + 1] == UInt8(ascii: "-"),
        pattern[at + 2] != UInt8(ascii: "]")
      {
        high = pattern[at + 2]
        at += 2
      }
      if low <= byte, byte <= high { isMember = true }
      at += 1
    }
    guard at < pattern.count else { return nil }
    return (isMember != isNegated && byte != slash, at + 1)
  }
}
