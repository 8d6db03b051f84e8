import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

/// One item error for each entry that is not as it should be, with its exact type; and no end of the scan.
@Suite struct LibraryErrorTests {
  @Test func extensionsThatAreNotAllowed() throws {
    let harness = try LibraryHarness()
    for name in ["a.mp4", "B.MP4", "malware.exe", "mp4", ".mp4", "x.tar.gz", "y.gz"] {
      try harness.folder.write("c/\(name)", "x")
    }
    try harness.scan(["allowed_extensions": ["mp4", "tar.gz"]])
    #expect(harness.changes == ["+ c/B.MP4", "+ c/a.mp4", "+ c/x.tar.gz"])
    #expect(
      harness.errors == [
        "invalid_extension c/.mp4", "invalid_extension c/malware.exe", "invalid_extension c/mp4",
        "invalid_extension c/y.gz",
      ])
    #expect(harness.finish.outcome == .completed)
    #expect(harness.finish.message == "Scan completed with 4 errors")
    #expect(
      harness.scan.errors["invalid_extension c/malware.exe"]?.message
        == "The file's extension is not among the allowed ones.")
    // The tree is unchanged, and they are errors still.
    try harness.scan(["allowed_extensions": ["mp4", "tar.gz"]])
    #expect(harness.errors.count == 4)
    #expect(harness.scan.staged.isEmpty)
  }

  @Test func filesThatAreTooLarge() throws {
    let harness = try LibraryHarness()
    try harness.folder.write("c/small", "12345")
    try harness.folder.write("c/large", "123456")
    try harness.scan(["max_size_bytes": 5])
    #expect(harness.changes == ["+ c/small"])
    #expect(harness.errors == ["oversized c/large"])
    #expect(harness.finish.message == "Scan completed with 1 error")
    #expect(
      harness.scan.errors["oversized c/large"]?.message
        == "The file has 6 bytes; the limit is 5.")
  }

  @Test func linksOutOfTheRoot() throws {
    let harness = try LibraryHarness()
    harness.root = "library"
    try harness.folder.write("secret/passwd", "s")
    try harness.folder.write("library/c/k/f", "1")
    try harness.folder.write("library-of-others/x", "1")
    let outside = harness.folder.path("secret/passwd")
    try harness.folder.link("library/absolute", to: outside)
    try harness.folder.link("library/c/folder", to: harness.folder.path("secret"))
    try harness.folder.link("library/c/relative", to: "../../secret/passwd")
    try harness.folder.link("library/c/far", to: "../../../../../../../../etc/passwd")
    try harness.folder.link("library/c/neighbour", to: harness.folder.path("library-of-others/x"))
    try harness.folder.link("library/c/chain", to: "../absolute")
    try harness.folder.link("library/c/proc", to: "/proc/self/root/etc")
    for params in [[:], ["follow_links": true], ["hash": true]] as [JSONValue] {
      harness.library = .init()
      try harness.scan(params)
      #expect(harness.changes == ["+ c/k/f"])
      #expect(
        harness.errors == [
          "path_traversal c/far", "path_traversal c/relative", "symlink_external absolute",
          "symlink_external c/chain", "symlink_external c/folder", "symlink_external c/neighbour",
          "symlink_external c/proc",
        ])
    }
  }

  @Test func linksWithinTheRootArePassedOver() throws {
    let harness = try LibraryHarness()
    try harness.folder.write("c/k/f", "1")
    try harness.folder.link("c/toFile", to: "k/f")
    try harness.folder.link("c/toFolder", to: "k")
    try harness.folder.link("c/k/up", to: "../..")
    try harness.folder.link("c/dangling", to: "nowhere")
    try harness.folder.link("c/self", to: "self")
    try harness.folder.link("c/absolute", to: harness.folder.path("c/k/f"))
    try harness.scan()
    #expect(harness.changes == ["+ c/k/f"])
    #expect(harness.errors == [])
  }

  @Test func linksWithinTheRootAreFollowedOnDemand() throws {
    let harness = try LibraryHarness()
    try harness.folder.write("c/k/f", "1")
    try harness.folder.write("c/k/deep/g", "22")
    try harness.folder.link("c/toFile", to: "k/f")
    try harness.folder.link("c/absolute", to: harness.folder.path("c/k/f"))
    try harness.folder.link("d/first", to: "../c/k")
    try harness.folder.link("d/second", to: "../c/k")
    try harness.folder.link("c/k/up", to: "../..")
    try harness.folder.link("c/k/here", to: ".")
    try harness.folder.link("c/dangling", to: "nowhere")
    try harness.folder.link("c/self", to: "self")
    try harness.scan(["follow_links": true])
    #expect(
      harness.changes == [
        "+ c/absolute", "+ c/k/deep/g", "+ c/k/f", "+ c/toFile", "+ d/first/deep/g",
        "+ d/first/f",
      ])
    #expect(harness.errors == [])
    #expect(harness.finish.summary?["courses_found"] == 2)
    try harness.scan(["follow_links": true])
    #expect(harness.changes == [])
    #expect(harness.scan.staged.isEmpty)
    try harness.folder.write("c/k/f", "changed")
    try harness.scan(["follow_links": true])
    #expect(
      harness.changes == ["~ c/absolute", "~ c/k/f", "~ c/toFile", "~ d/first/f"])
    try harness.scan(["allow_removal": true])
    #expect(
      harness.changes == ["- c/absolute", "- c/toFile", "- d/first/deep/g", "- d/first/f"])
  }

  /// What the runner says fills the pipe, and it waits: so what comes late in the order of names is looked at only after the first
  /// message has been taken.
  @Test func filesAndFoldersThatDisappearDuringTheScan() throws {
    let harness = try LibraryHarness()
    for number in 0..<3000 { try harness.folder.write("c/k/f\(number)", "x") }
    try harness.folder.write("c/k/last", "x")
    try harness.folder.write("z/deep/g", "x")
    let worker = FakeWorker(
      harness.target, params: ["hash": true], tuning: .init(walkers: 1), batchBytes: 1)
    var isFirst = true
    worker.onMessage = { message in
      guard case .items = message, isFirst else { return }
      isFirst = false
      #expect(throws: Never.self) {
        try harness.folder.remove("c/k/last")
        try harness.folder.remove("z")
      }
    }
    guard case .finished(let finish) = try worker.attempt() else { return }
    #expect(finish.outcome == .completed)
    #expect(finish.message == "Scan completed with 2 errors")
    #expect(worker.scan.errors.keys.sorted() == ["file_not_found c/k/last", "file_not_found z"])
    #expect(worker.scan.items.count == 3000)
    #expect(finish.summary?["files_seen"] == 3000)
  }
}
