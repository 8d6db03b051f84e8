import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

/// What changed since the previous scan.
@Suite struct LibraryScanTests {
  private func harness() throws -> LibraryHarness {
    let harness = try LibraryHarness()
    for name in ["music/jazz/a.mp3", "music/jazz/b.mp3", "music/rock/c.mp3", "film/noir/d.mp4"] {
      try harness.folder.write(name, name)
    }
    try harness.folder.write("top.txt", "t")
    return harness
  }

  @Test func firstScanReportsEachFile() throws {
    let harness = try harness()
    try harness.scan()
    #expect(harness.finish.outcome == .completed, "\(harness.finish.error ?? "")")
    #expect(harness.finish.message == "Scan completed successfully")
    #expect(
      harness.changes == [
        "+ film/noir/d.mp4", "+ music/jazz/a.mp3", "+ music/jazz/b.mp3", "+ music/rock/c.mp3",
        "+ top.txt",
      ])
    #expect(harness.scan.items["top.txt"]?.type == "file")
    #expect(harness.scan.items["top.txt"]?.data?["size"] == 1)
    let summary = harness.finish.summary
    #expect(summary?["categories_found"] == 2)
    #expect(summary?["courses_found"] == 3)
    #expect(summary?["files_seen"] == 5)
    #expect(summary?["bytes_seen"] == 64)
    #expect(summary?["folders_seen"] == 6)
    #expect(summary?["entries_seen"] == 10)
    #expect(summary?["errors_found"] == 0)
    #expect(summary?["root"]?["path"]?.stringValue == harness.folder.path)
    #expect(harness.scan.progress?.total == 10)
    #expect(harness.scan.progress?.isEstimate == false)
    #expect(harness.scan.progress?.percentage == 100)
  }

  @Test func unchangedTreeCostsNothing() throws {
    let harness = try harness()
    try harness.scan()
    let worker = FakeWorker(harness.target, library: harness.library)
    guard case .finished(let finish) = try worker.attempt() else { return }
    #expect(finish.outcome == .completed)
    #expect(finish.summary == harness.finish.summary)
    let said = worker.messages.filter {
      switch $0 {
      case .ready, .progress, .readBaselineIndex, .finished: false
      default: true
      }
    }
    #expect(said.isEmpty)
  }

  @Test func addedUpdatedTouchedAndRemoved() throws {
    let harness = try harness()
    try harness.scan()
    try harness.folder.write("music/jazz/new.mp3", "new")
    try harness.folder.write("book/x/y/z.pdf", "deep")
    try harness.folder.write("music/jazz/a.mp3", "longer than it was")
    try harness.folder.remove("music/rock/c.mp3")
    try check(chmod(harness.folder.path("top.txt"), 0o600), "chmod")
    try harness.scan()
    #expect(
      harness.changes == [
        "+ book/x/y/z.pdf", "+ music/jazz/new.mp3", "- music/rock/c.mp3", "~ music/jazz/a.mp3",
      ])
    #expect(harness.scan.items["music/jazz/a.mp3"]?.data?["previous"]?["size"] == 16)
    #expect(harness.finish.summary?["files_touched"] == 1)
    try harness.scan()
    #expect(harness.changes == [])
    #expect(harness.finish.summary?["files_touched"] == 0)
  }

  @Test func newTimeWithoutHashesIsAnUpdate() throws {
    let harness = try harness()
    try harness.scan()
    try harness.folder.touch("top.txt", seconds: 1_000_000_000)
    try harness.scan()
    #expect(harness.changes == ["~ top.txt"])
    #expect(
      harness.scan.items["top.txt"]?.data?["mtime"] == "2001-09-09T01:46:40.000Z")
  }

  @Test func newContentOfTheSameSizeAndTimeIsSeenByItsHash() throws {
    let harness = try harness()
    try harness.folder.touch("top.txt", seconds: 1_000_000_000)
    try harness.scan(["hash": true])
    #expect(harness.scan.items["top.txt"]?.data?["xxh3_128"]?.stringValue?.count == 32)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: harness.folder.path("top.txt")))
    try handle.write(contentsOf: Data("u".utf8))
    try handle.close()
    try harness.folder.touch("top.txt", seconds: 1_000_000_000)
    // Without a hash, only the time of the last change of its status is new: touched.
    let withoutHash = harness.library
    try harness.scan()
    #expect(harness.changes == [])
    #expect(harness.finish.summary?["files_touched"] == 1)
    harness.library = withoutHash
    try harness.scan(["hash": true])
    #expect(harness.changes == ["~ top.txt"])
  }

  @Test func newTimesOfTheSameContentAreTouchesWhereHashesAreKnown() throws {
    let harness = try harness()
    try harness.scan(["hash": true])
    try harness.folder.touch("top.txt", seconds: 1_000_000_000)
    try harness.scan(["hash": true])
    #expect(harness.changes == [])
    #expect(harness.finish.summary?["files_touched"] == 1)
  }

  @Test func hashesAreAddedToAnOlderListingOnce() throws {
    let harness = try harness()
    try harness.scan()
    try harness.scan(["hash": true])
    #expect(harness.changes == [])
    #expect(!harness.scan.staged.isEmpty)
    try harness.scan(["hash": true])
    #expect(harness.scan.staged.isEmpty)
    // A scan that needs no hashes is content with a listing that has them.
    try harness.scan()
    #expect(harness.scan.staged.isEmpty)
  }

  @Test func movedFilesAndFoldersAreMoved() throws {
    let harness = try harness()
    try harness.scan()
    try harness.folder.move("music/jazz/a.mp3", to: "film/noir/a2.mp3")
    try harness.folder.move("music/rock", to: "old/rock")
    try harness.scan()
    #expect(
      harness.changes == [
        "> music/jazz/a.mp3 film/noir/a2.mp3", "> music/rock/c.mp3 old/rock/c.mp3",
      ])
    try harness.scan()
    #expect(harness.changes == [])
  }

  @Test func copiesThatTookAPlaceAreMovedByTheirHash() throws {
    let harness = try harness()
    try harness.scan(["hash": true])
    try FileManager.default.copyItem(
      atPath: harness.folder.path("music/jazz/a.mp3"), toPath: harness.folder.path("copy.mp3"))
    try harness.folder.remove("music/jazz/a.mp3")
    try harness.scan(["hash": true])
    #expect(harness.changes == ["> music/jazz/a.mp3 copy.mp3"])
  }

  @Test func excludedIsPassedOver() throws {
    let harness = try harness()
    try harness.scan(["exclude": ["*.txt", "music/rock", "noir/"]])
    #expect(harness.changes == ["+ music/jazz/a.mp3", "+ music/jazz/b.mp3"])
    #expect(harness.errors == [])
    // What is excluded later leaves the library.
    try harness.scan(["exclude": ["*.txt", "music/rock", "noir/", "b.*"]])
    #expect(harness.changes == ["- music/jazz/b.mp3"])
  }

  @Test func categoriesAndCoursesAreFolders() throws {
    let harness = try harness()
    try harness.folder.makeFolder("empty/course/deeper/still")
    try harness.scan()
    #expect(harness.finish.summary?["categories_found"] == 3)
    #expect(harness.finish.summary?["courses_found"] == 4)
  }

  @Test func emptyLibraryIsFineTheFirstTime() throws {
    let harness = try LibraryHarness()
    try harness.scan()
    #expect(harness.finish.outcome == .completed)
    try harness.scan()
    #expect(harness.finish.outcome == .completed)
  }
}
