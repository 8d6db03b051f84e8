import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

@Suite struct LibraryScanTests {
  @Test func firstScanReportsEachFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("music/jazz/a.mp3", "aaa")
    try folder.write("music/jazz/b.mp3", "bb")
    try folder.write("top.txt", "t")
    let worker = FakeWorker(folder.path)
    let result = try worker.attempt()
    guard case .finished(let finish) = result else { return }
    #expect(finish.outcome == .completed, "\(finish.error ?? "")")
    #expect(finish.message == "Scan completed successfully")
    #expect(worker.scan.items.keys.sorted() == ["music/jazz/a.mp3", "music/jazz/b.mp3", "top.txt"])
    #expect(worker.scan.items.values.allSatisfy { $0.change == .added && $0.type == "file" })
    #expect(worker.scan.items["music/jazz/a.mp3"]?.data?["size"] == 3)
    #expect(finish.summary?["categories_found"] == 1)
    #expect(finish.summary?["courses_found"] == 1)
    #expect(finish.summary?["files_seen"] == 3)
    #expect(finish.summary?["bytes_seen"] == 6)
    #expect(finish.summary?["folders_seen"] == 3)
    let again = FakeWorker(folder.path, library: worker.library)
    #expect(try again.attempt() != .killed)
    #expect(again.scan.items.isEmpty)
    #expect(again.scan.staged.isEmpty)
  }
}
