import Foundation
import Testing

@testable import HoldfastScanners

@Suite struct PathTests {
  @Test(arguments: [
    ("*.tmp", "a/x.tmp", false, true), ("*.tmp", "x.tmpl", false, false),
    ("x", "a/x", false, true), ("x/", "a/x", false, false), ("x/", "a/x", true, true),
    ("a/*", "a/x", false, true), ("a/*", "a/x/y", false, false), ("a/**", "a/x/y", false, true),
    ("/x", "x", false, true), ("/x", "a/x", false, false), ("a/**/b", "a/b", false, true),
    ("a/**/b", "a/c/d/b", false, true), ("a/**/b", "a/xb", false, false),
    ("**/b", "b", false, true), ("**/b", "a/b", false, true), ("**/b", "ab", false, false),
    ("?.c", "é.c", false, false), ("??.c", "é.c", false, true), ("[a-c]x", "bx", false, true),
    ("[!a-c]x", "bx", false, false), ("[!a-c]x", "dx", false, true), ("[]x]", "]", false, true),
    ("[ab", "[ab", false, true), ("\\*", "*", false, true), ("\\*", "a", false, false),
    ("a*b*c", "aXbYc", false, true), ("a*b*c", "aXbY", false, false), ("*", "", false, true),
    ("a?c/d", "a/c/d", false, false),
  ]) func globs(_ pattern: String, _ path: String, _ isFolder: Bool, _ expected: Bool) {
    let names = Array(path.utf8).split(separator: 0x2F, omittingEmptySubsequences: false)
    let folder = Array(names.dropLast().joined(separator: [0x2F]))
    let matches = Array(names[names.count - 1]).withUnsafeBytes {
      Glob(pattern).matches(folder: folder, name: $0, isFolder: isFolder)
    }
    #expect(matches == expected, "\(pattern) on \(path)")
  }

  @Test func noPatternTakesForEver() {
    let glob = Glob(String(repeating: "*a", count: 60) + "b")
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 250)
    let clock = ContinuousClock()
    let time = clock.measure {
      text.withUnsafeBytes {
        #expect(!glob.matches(folder: [], name: $0, isFolder: false))
      }
    }
    #expect(time < .seconds(5))
  }

  @Test func textFormsAreReadableAndReversible() {
    #expect(PathKey.text(Array("a/b c/é😀.mp4".utf8)) == "a/b c/é😀.mp4")
    #expect(PathKey.text(Array("a\\b\n".utf8) + [0xFF, 0xC3]) == "a\\\\b\\x0a\\xff\\xc3")
    #expect(PathKey.text([0xC2, 0x85]) == "\\xc2\\x85")
    #expect(PathKey.text([0xED, 0xA0, 0x80]) == "\\xed\\xa0\\x80")
    var generator = SeededGenerator(seed: 7)
    var seen: [String: [UInt8]] = [:]
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...8, using: &generator)
      // Bytes near the edges of UTF-8, and those of the escape itself.
      let alphabet: [UInt8] = [
        0x5C, 0x78, 0x30, 0x66, 0x0A, 0x7F, 0x2F, 0xC2, 0x80, 0x85, 0xA0, 0xBF, 0xE2, 0x82, 0xAC,
        0xED, 0xF0, 0x9F, 0x98, 0xF4, 0xFF, 0x41,
      ]
      let path = (0..<count).map { _ in
        alphabet.randomElement(using: &generator) ?? 0x41
      }
      let text = PathKey.text(path)
      #expect(PathKey.path(text) == path)
      #expect(seen.updateValue(path, forKey: text).map { $0 == path } ?? true)
    }
  }

  @Test func mountsFromTheKernelsTable() {
    let table = MountTable(
      mountinfo: Array(
        """
        22 1 254:0 / / rw - ext4 /dev/root rw
        30 22 0:25 / /mnt/my\\040disk rw - tmpfs tmpfs rw
        31 30 0:26 / /mnt/my\\040disk/a rw - tmpfs tmpfs rw
        32 22 0:27 / /mnt/my rw - tmpfs tmpfs rw

        """.utf8))
    func covering(_ path: String) -> String? {
      table.covering(Array(path.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(covering("/mnt/my disk/b") == "/mnt/my disk")
    #expect(covering("/mnt/my disk/a") == "/mnt/my disk/a")
    #expect(covering("/mnt/my diskette") == "/")
    #expect(covering("/mnt/my") == "/mnt/my")
    #expect(table.below(Array("/mnt/my disk".utf8)) == [Array("a".utf8)])
    #expect(table.below(Array("/".utf8)).count == 3)
  }

  @Test func frontiersSurviveTheirBytes() {
    var generator = SeededGenerator(seed: 3)
    func path() -> [UInt8] {
      (0..<Int.random(in: 0...6, using: &generator)).map { _ in
        [0x61, 0x62, 0x2F].randomElement(using: &generator) ?? 0x61
      }
    }
    for _ in 0..<500 {
      let frontier = Frontier(
        frames: (0..<Int.random(in: 0...5, using: &generator)).map { _ in
          .init(path: path(), last: path())
        },
        tasks: (0..<Int.random(in: 0...4, using: &generator)).map { _ in
          FolderTask(
            token: 0, path: path(), stage: Bool.random(using: &generator) ? .unread : .filesOnly)
        })
      let bytes = frontier.bytes
      #expect(Frontier(bytes: bytes) == frontier)
      #expect(Frontier(bytes: bytes.dropLast()) == nil)
    }
  }

  @Test func listingsSurviveTheirSegments() {
    var generator = SeededGenerator(seed: 5)
    var writer = ListingWriter(folder: Array("some/folder".utf8))
    var expected: [String] = []
    func text(_ file: ListedFile) -> String {
      "\(Array(file.name)) \(file.facts) \(String(describing: file.hash))"
    }
    for number in 0..<40_000 {
      let name = Array("\(number)-".utf8) + [UInt8.random(in: 1...255, using: &generator)]
      name.withUnsafeBytes { bytes in
        let file = ListedFile(
          name: bytes,
          facts: FileFacts(
            size: .random(in: 0...(.max), using: &generator),
            modified: .random(in: .min ... .max, using: &generator),
            changed: .random(in: .min ... .max, using: &generator),
            inode: .random(in: 0...(.max), using: &generator)),
          hash: Bool.random(using: &generator) ? Hash128(high: .max, low: 1) : nil)
        writer.add(file)
        expected.append(text(file))
      }
    }
    writer.endSegment()
    let segments = writer.takeFinishedSegments()
    #expect(segments.count > 1)
    #expect(segments.allSatisfy { $0.count < 1_000_000 })
    var found: [String] = []
    for (index, segment) in segments.enumerated() {
      segment.withUnsafeBytes { bytes in
        guard var reader = ListingReader(bytes) else { return }
        #expect(reader.folder == (index == 0 ? Array("some/folder".utf8) : []))
        while let file = reader.next() { found.append(text(file)) }
      }
    }
    #expect(found == expected)
  }
}
