import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

/// Trees made to break a walk.
@Suite struct HostileTreeTests {
  @Test func namesOfAnyBytes() throws {
    let harness = try LibraryHarness()
    let names: [[UInt8]] = [
      [0xFF, 0xFE], Array("new\nline".utf8), Array("tab\t\u{1B}[31m".utf8),
      Array("back\\slash".utf8),
      Array("quote\"".utf8), Array("é😀".utf8), Array(" ".utf8), Array("-rf".utf8),
      [0xC3], Array("…".utf8).dropLast(), Array(repeating: 0xE9, count: 255), Array("...".utf8),
    ]
    for name in names {
      let path = Array("\(harness.folder.path)/".utf8) + name
      let descriptor = open(path.map { CChar(bitPattern: $0) } + [0], O_CREAT | O_WRONLY, 0o644)
      try check(descriptor < 0 ? -1 : 0, "open")
      close(descriptor)
      try check(
        mkdir(
          (Array("\(harness.folder.path)/d-".utf8) + name.prefix(250)).map { CChar(bitPattern: $0) }
            + [0], 0o755), "mkdir")
    }
    try harness.scan(["hash": true])
    #expect(harness.scan.items.count == names.count)
    #expect(harness.finish.summary?["folders_seen"]?.intValue == Int64(names.count) + 1)
    let keys = Set(harness.scan.items.keys)
    #expect(
      keys.isSuperset(of: [
        "\\xff\\xfe", "new\\x0aline", "tab\\x09\\x1b[31m", "back\\\\slash", "quote\"", "é😀", " ",
        "-rf", "\\xc3", "\\xe2\\x80", "...",
      ]))
    try harness.scan(["hash": true])
    #expect(harness.changes == [])
  }

  @Test func deeperThanAnyPathMayBe() throws {
    let harness = try LibraryHarness()
    // 60 folders of 200 bytes: three times PATH_MAX.
    let name = String(repeating: "n", count: 200)
    var parent = open(harness.folder.path, O_RDONLY | O_DIRECTORY)
    for _ in 0..<60 {
      try check(mkdirat(parent, name, 0o755), "mkdirat")
      let child = openat(parent, name, O_RDONLY | O_DIRECTORY)
      try check(child < 0 ? -1 : 0, "openat")
      close(parent)
      parent = child
    }
    let file = openat(parent, "bottom", O_CREAT | O_WRONLY, 0o644)
    try check(file < 0 ? -1 : 0, "openat")
    close(file)
    try check(symlinkat("/etc/passwd", parent, "out"), "symlinkat")
    close(parent)
    for params in [[:], ["hash": true], ["follow_links": true]] as [JSONValue] {
      harness.library = .init()
      try harness.scan(params)
      #expect(harness.finish.outcome == .completed)
      #expect(harness.scan.items.keys.map(\.utf8.count) == [60 * 201 + 6])
      #expect(harness.scan.errors.values.map(\.type) == ["symlink_external"])
      try harness.scan(params)
      #expect(harness.changes == [])
    }
    // Foundation cannot remove what it cannot name.
    try removeDeep(harness.folder.path, name, levels: 60)
  }

  private func removeDeep(_ root: String, _ name: String, levels: Int) throws {
    var folders = [open(root, O_RDONLY | O_DIRECTORY)]
    for _ in 0..<levels {
      folders.append(openat(folders[folders.count - 1], name, O_RDONLY | O_DIRECTORY))
    }
    try check(unlinkat(folders[levels], "bottom", 0), "unlinkat")
    try check(unlinkat(folders[levels], "out", 0), "unlinkat")
    for level in folders.indices.reversed() {
      close(folders[level])
      if level > 0 { try check(unlinkat(folders[level - 1], name, 0x200), "unlinkat") }
    }
  }

  @Test func pipesSocketsAndDevicesAreNeverOpened() throws {
    let harness = try LibraryHarness()
    try harness.folder.write("c/f", "1")
    try check(mkfifo(harness.folder.path("c/pipe"), 0o644), "mkfifo")
    if ThreadIdentity.isRoot {
      try check(mknod(harness.folder.path("c/null"), S_IFCHR | 0o666, 0x103), "mknod")
    }
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = harness.folder.path("c/socket")
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try check(bound, "bind")
    try harness.folder.link("c/linked", to: "pipe")
    for params in [["hash": true], ["follow_links": true, "hash": true]] as [JSONValue] {
      harness.library = .init()
      try harness.scan(params)
      #expect(harness.changes == ["+ c/f"])
      #expect(harness.errors == [])
    }
  }

  @Test func manyEntriesInOneFolder() throws {
    let harness = try LibraryHarness()
    try harness.folder.makeFolder("c/k")
    let folder = open(harness.folder.path("c/k"), O_RDONLY | O_DIRECTORY)
    defer { close(folder) }
    let count = 100_000
    for number in 0..<count {
      let file = openat(folder, "file-\(number)", O_CREAT | O_WRONLY, 0o644)
      try check(file < 0 ? -1 : 0, "openat")
      close(file)
    }
    try harness.scan()
    #expect(harness.scan.items.count == count)
    #expect(harness.library.parts.values.contains { $0.segments.count > 3 })
    try check(unlinkat(folder, "file-77777", 0), "unlinkat")
    let file = openat(folder, "file-x", O_CREAT | O_WRONLY, 0o644)
    close(file)
    try harness.scan()
    #expect(
      harness.changes == ["+ c/k/file-x", "- c/k/file-77777"]
        || harness.changes == ["> c/k/file-77777 c/k/file-x"])
    try harness.scan()
    #expect(harness.changes == [])
  }

  /// A folder is swapped, again and again, for a link to a secret outside the root. Whatever moment the walk comes by: it
  /// never reports what lies there.
  @Test func foldersSwappedForLinksLeadNowhere() throws {
    let harness = try LibraryHarness()
    harness.root = "library"
    try harness.folder.write("secret/deep/stolen", "secret")
    for number in 0..<50 { try harness.folder.write("library/c\(number)/k/deep/f", "1") }
    let folder = harness.folder
    let stop = DispatchSemaphore(value: 0)
    let stopped = DispatchSemaphore(value: 0)
    try harness.folder.link("link", to: harness.folder.path("secret"))
    Thread.detachNewThread {
      // At each moment there is either the folder or the link; the paths are there all the time.
      while stop.wait(timeout: .now()) == .timedOut {
        for number in 0..<50 {
          try? RawCall.exchange(folder.path("library/c\(number)/k"), folder.path("link"))
        }
      }
      stopped.signal()
    }
    var errors: Set<String> = []
    for _ in 0..<40 {
      try harness.scan(["hash": true, "follow_links": true, "allow_removal": true])
      #expect(!harness.scan.items.keys.contains { $0.contains("stolen") })
      errors.formUnion(harness.scan.errors.values.map(\.type))
    }
    stop.signal()
    stopped.wait()
    #expect(errors.isSubset(of: ["path_traversal", "symlink_external", "file_not_found"]))
    #expect(!errors.isEmpty)
  }
}
