import Foundation
import HoldfastCore
import HoldfastStorage
import Testing

/// Every block of SQL in the documents for operators, run on PostgreSQL as it stands, with its placeholders filled in.
@Suite struct DocumentedSQLTests {
  @Test(arguments: ["docs/operations.md", "docs/runbook.md"])
  func itRuns(document: String) async throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent(document).path
    // The runbook has SQL of its own only where a command does not do.
    guard FileManager.default.fileExists(atPath: path) else { return }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let blocks = text.matches(of: /```sql\n([\s\S]*?)```/).map { String($0.output.1) }
    if document == "docs/operations.md" { #expect(!blocks.isEmpty) }
    for block in blocks {
      let fixture = try await Fixture(.postgres)
      let claim = try await fixture.running(.sample(exclusivity: .target))
      let sql = block.replacing("$SCAN_ID", with: "\(claim.scan.id)")
        .replacing("<run_id>", with: "\(claim.scan.number)")
      do {
        try await fixture.shell(sql)
      } catch {
        Issue.record("\(document): \(error)\n\(sql)")
      }
      await fixture.store.close()
    }
  }
}
