import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// What commands do to scans and schedules is in the audit log, as what the API does is.
@Suite struct AuditCommandTests {
  @Test func commandsLeaveTheirLines() async throws {
    let stage = try Stage()
    let submitted = try await stage.run("submit", "library", stage.library, "--json")
    #expect(submitted.status == 0, "\(submitted.log)")
    for arguments in [
      ["fail", "1", "--reason", "by hand"], ["retry", "1"], ["cancel", "1"],
      ["schedule", "add", "nightly", "library", "/srv/a", "--every", "1d"],
      ["schedule", "remove", "nightly"], ["delete", "1", "--confirm", "1"],
    ] {
      let result = try await HoldfastProcess.run(arguments + ["--data-dir", stage.data])
      #expect(result.end == .exited(0), "\(arguments): \(result.log)")
    }
    let log = try await stage.run("audit", "--json")
    let page = try JSONDecoder().decode(Page<AuditRecord>.self, from: Data(log.output.utf8))
    #expect(
      page.items.map(\.action).reversed() == [
        "scan.submit", "scan.fail", "scan.retry", "scan.cancel", "schedule.add",
        "schedule.remove", "scan.delete",
      ])
    #expect(page.items.allSatisfy { $0.actor == "cli" && $0.address?.contains("@") == true })
    let failed = try #require(page.items.first { $0.action == "scan.fail" })
    #expect(failed.object == "scan 1")
    #expect(failed.before["status"] == "pending")
    #expect(failed.after["status"] == "failed")
    #expect(failed.after["reason"] == "by hand")
  }
}
