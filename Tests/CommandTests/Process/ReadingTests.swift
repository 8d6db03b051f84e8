import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// The commands that read and act, on scans that the real binary has made.
@Suite struct ReadingTests {
  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  @Test func readsInTheShapesOfTheCore() async throws {
    let stage = try Stage()
    _ = try await stage.run("scan", "library", stage.library)
    let scan = try await stage.scan(1)
    let byID = try await stage.run("show", "\(scan.id)", "--json")
    #expect(try decode(Scan.self, byID.output).number == 1)

    let list = try decode(Page<Scan>.self, try await stage.run("list", "--json").output)
    #expect(list.items.map(\.id) == [scan.id])
    #expect(list.nextCursor == nil)

    let events = try decode(
      Page<ScanEvent>.self, try await stage.run("events", "1", "--json").output)
    #expect(
      events.items.map(\.eventType) == ["scan_submitted", "scan_claimed", "scan_completed"])

    let all = try decode(
      Page<ScanItemRecord>.self, try await stage.run("items", "1", "--json", "--all").output)
    #expect(all.items.count == 9)
    let some = try decode(
      Page<ScanItemRecord>.self,
      try await stage.run("items", "1", "--json", "--limit", "4").output)
    #expect(some.items == Array(all.items.prefix(4)))
    let cursor = try #require(some.nextCursor)
    let rest = try decode(
      Page<ScanItemRecord>.self,
      try await stage.run("items", "1", "--json", "--cursor", cursor).output)
    #expect(rest.items == Array(all.items.dropFirst(4)))
    let none = try await stage.run("items", "1", "--change", "removed")
    #expect(none.status == 0)
    #expect(none.log == "There are no items.\n")
  }

  @Test func tablesFit() async throws {
    let stage = try Stage()
    try stage.write("a\u{1b}[2Jb/名前/x.pdf", "x")
    _ = try await stage.run("scan", "library", stage.library)
    let list = try await stage.run("list", environment: ["COLUMNS": "100"])
    #expect(list.output.hasPrefix("ID  STATUS"))
    for line in list.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    let items = try await stage.run("items", "1")
    #expect(!items.output.contains("\u{1b}"))
    #expect(items.output.contains("\\x1b[2Jb/名前/x.pdf"))
    let show = try await stage.run("show", "1")
    #expect(show.output.contains("  status"))
    #expect(show.output.contains("completed"))
  }

  @Test func actsOnScans() async throws {
    let stage = try Stage()
    _ = try await stage.run("scan", "library", stage.library, "--detach")
    let cancelled = try await stage.run("cancel", "1", "--reason", "not needed")
    #expect(cancelled.status == 0)
    #expect(cancelled.output == "Scan 1 is cancelled.\n")
    let again = try await stage.run("cancel", "1")
    #expect(again.status == 1)
    #expect(again.log.contains("scan 1 is cancelled: it cannot be cancelled"), "\(again.log)")
    let retried = try await stage.run("retry", "1", "--json")
    #expect(try decode(Page<Scan>.self, retried.output).items.first?.status == .pending)
    let followed = try await stage.run("follow", "1")
    #expect(followed.status == 0, "\(followed.log)")
    let events = try await stage.run("events", "1")
    #expect(events.output.contains("not needed"))
  }

  @Test func oneThatIsMissingDoesNotStopTheRest() async throws {
    let stage = try Stage()
    _ = try await stage.run("scan", "library", stage.library, "--detach")
    let result = try await stage.run("cancel", "99", "1")
    #expect(result.status == 66)
    #expect(result.output == "Scan 1 is cancelled.\n")
    #expect(result.log.contains("there is no scan 99"))
    #expect(try await stage.run("show", "99").status == 66)
  }

  @Test func theDataFolderIsItsOwnersAlone() async throws {
    let stage = try Stage()
    _ = try await stage.run("scan", "library", stage.library, "--detach")
    let attributes = try FileManager.default.attributesOfItem(atPath: stage.data)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }
}
