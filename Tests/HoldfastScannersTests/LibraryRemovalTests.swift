import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// Nothing is called removed that may only be out of sight.
@Suite struct LibraryRemovalTests {
  private func harness(files: Int) throws -> LibraryHarness {
    let harness = try LibraryHarness()
    harness.root = "library"
    for number in 0..<files {
      try harness.folder.write("library/c\(number % 3)/k/f\(number)", "\(number)")
    }
    try harness.scan()
    #expect(harness.finish.outcome == .completed)
    return harness
  }

  private func expectRefusal(_ harness: LibraryHarness, _ words: String) throws {
    let before = harness.library
    try harness.scan()
    #expect(harness.finish.outcome == .failed)
    #expect(harness.finish.error?.contains(words) == true, "\(harness.finish.error ?? "")")
    #expect(!harness.changes.contains { $0.hasPrefix("-") })
    #expect(harness.library.parts == before.parts)
  }

  @Test func missingRootFails() throws {
    let harness = try harness(files: 4)
    try harness.folder.remove("library")
    try expectRefusal(harness, "does not exist")
  }

  @Test func rootThatIsAFileFails() throws {
    let harness = try harness(files: 4)
    try harness.folder.remove("library")
    try harness.folder.write("library", "")
    try expectRefusal(harness, "is not a folder")
  }

  @Test func emptyRootFailsUnlessRemovalIsAllowed() throws {
    let harness = try harness(files: 4)
    try harness.folder.remove("library")
    try harness.folder.makeFolder("library")
    try expectRefusal(harness, "held 4 files")
    try harness.scan(["allow_removal": true])
    #expect(harness.finish.outcome == .completed)
    #expect(harness.changes.count == 4)
  }

  @Test func moreThanHalfIsRefused() throws {
    let harness = try harness(files: 10)
    for number in 0..<6 { try harness.folder.remove("library/c\(number % 3)/k/f\(number)") }
    try expectRefusal(harness, "6 of 10 files would be removed")
    #expect(harness.finish.error?.contains("--allow-removal") == true)
    try harness.scan(["allow_removal": true])
    #expect(harness.changes.count == 6)
    try harness.scan()
    #expect(harness.changes == [])
  }

  @Test func halfIsNotMoreThanHalf() throws {
    let harness = try harness(files: 10)
    for number in 0..<5 { try harness.folder.remove("library/c\(number % 3)/k/f\(number)") }
    try harness.scan()
    #expect(harness.finish.outcome == .completed)
    #expect(harness.changes.count == 5)
  }

  @Test func movedFilesAreNotRemovedOnes() throws {
    let harness = try harness(files: 9)
    for category in 0..<3 {
      try harness.folder.move("library/c\(category)", to: "library/d\(category)")
    }
    try harness.scan()
    #expect(harness.finish.outcome == .completed, "\(harness.finish.error ?? "")")
    #expect(harness.changes.count == 9)
    #expect(harness.changes.allSatisfy { $0.hasPrefix(">") })
  }

  @Test(.enabled(if: ThreadIdentity.isRoot, "needs root, to become somebody else"))
  func unreadableFolderKeepsItsFiles() throws {
    let harness = try harness(files: 9)
    let (library, target) = (harness.library, harness.target)
    try check(chmod(harness.folder.path, 0o755), "chmod")
    try check(chmod(harness.folder.path("library/c1"), 0), "chmod")
    try harness.folder.remove("library/c2/k/f2")
    let worker = try asNobody(FakeWorker(target, library: library))
    #expect(worker.scan.errors.keys.sorted() == ["permission_denied c1"])
    #expect(
      worker.scan.items.values.map { "\($0.change) \($0.key)" } == ["removed c2/k/f2"])
    // And once it can be read again, nothing has happened to them.
    try check(chmod(harness.folder.path("library/c1"), 0o755), "chmod")
    harness.library = worker.library
    try harness.scan()
    #expect(harness.changes == [])
  }

  @Test(.enabled(if: ThreadIdentity.isRoot, "needs root, to become somebody else"))
  func unsearchableFolderKeepsItsFiles() throws {
    let harness = try harness(files: 9)
    try check(chmod(harness.folder.path, 0o755), "chmod")
    // Its names can be listed, and nothing about them can be learned.
    try check(chmod(harness.folder.path("library/c1/k"), 0o444), "chmod")
    let worker = try asNobody(FakeWorker(harness.target, library: harness.library))
    #expect(worker.scan.errors.keys.sorted() == ["permission_denied c1/k"])
    #expect(worker.scan.items.isEmpty)
    #expect(worker.library.summary?.summary["files_kept"] == 3)
  }

  @Test(.enabled(if: ThreadIdentity.isRoot, "needs root, to become somebody else"))
  func unreadableFilesStayAsTheyWere() throws {
    for params in [[:], ["hash": true]] as [JSONValue] {
      let harness = try harness(files: 9)
      try harness.scan(params)
      try check(chmod(harness.folder.path, 0o755), "chmod")
      try check(chmod(harness.folder.path("library/c1/k/f1"), 0), "chmod")
      try harness.folder.write("library/c1/k/secret", "new")
      try check(chmod(harness.folder.path("library/c1/k/secret"), 0), "chmod")
      let worker = try asNobody(
        FakeWorker(harness.target, params: params, library: harness.library))
      #expect(
        worker.scan.errors.keys.sorted() == [
          "permission_denied c1/k/f1", "permission_denied c1/k/secret",
        ])
      #expect(worker.scan.items.isEmpty)
      // Still there and still unreadable: said again.
      let again = try asNobody(
        FakeWorker(harness.target, params: params, library: worker.library))
      #expect(again.scan.errors.count == 2)
      #expect(again.scan.items.isEmpty)
      harness.library = again.library
      try check(chmod(harness.folder.path("library/c1/k/f1"), 0o644), "chmod")
      try check(chmod(harness.folder.path("library/c1/k/secret"), 0o644), "chmod")
      try harness.scan(params)
      #expect(harness.changes == ["+ c1/k/secret"])
    }
  }

  private func asNobody(_ worker: FakeWorker) throws -> FakeWorker {
    nonisolated(unsafe) let worker = worker
    worker.prepareThread = { try ThreadIdentity.becomeNobody() }
    _ = try worker.attempt()
    return worker
  }

  @Test(.enabled(if: ThreadIdentity.isRoot, "needs root, to mount"))
  func unmountedRootFails() throws {
    nonisolated(unsafe) let harness = try LibraryHarness()
    harness.root = "mnt/library"
    let mountPoint = harness.folder.path("mnt")
    try harness.folder.makeFolder("mnt/library/c")
    try harness.folder.write("mnt/library/c/decoy", "what lies below the mount point")
    try ThreadIdentity.onThread {
      try ThreadIdentity.leaveMounts()
      try ThreadIdentity.mountTmpfs(mountPoint)
      try harness.folder.write("mnt/library/c/k/f", "1")
      try harness.scan()
      #expect(harness.finish.summary?["mount_point"]?.stringValue == mountPoint)
      try ThreadIdentity.unmount(mountPoint)
      try self.expectRefusal(harness, "is not mounted")
    }
  }

  @Test(.enabled(if: ThreadIdentity.isRoot, "needs root, to mount"))
  func unmountedFolderKeepsItsFiles() throws {
    nonisolated(unsafe) let harness = try LibraryHarness()
    harness.root = "library"
    try harness.folder.write("library/a/k/f", "1")
    try harness.folder.makeFolder("library/b")
    let mountPoint = harness.folder.path("library/b")
    try ThreadIdentity.onThread {
      try ThreadIdentity.leaveMounts()
      try ThreadIdentity.mountTmpfs(mountPoint)
      try harness.folder.write("library/b/k/g", "2")
      try harness.scan()
      #expect(harness.changes == ["+ a/k/f", "+ b/k/g"])
      try ThreadIdentity.unmount(mountPoint)
      // Twice: it is remembered for as long as it is away.
      for _ in 0..<2 {
        try harness.scan()
        #expect(harness.finish.outcome == .completed)
        #expect(harness.errors == ["file_not_found b"])
        #expect(harness.changes == [])
      }
      try harness.scan(["allow_removal": true])
      #expect(harness.changes == ["- b/k/g"])
    }
  }
}
