import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// The calls of the runbook of stuck website scans as it prints them, by `curl` itself against the real binary. Added is only what it
/// leaves out: the server before the path, and the token where it has none.
@Suite(
  .timeLimit(.minutes(3)),
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
struct RunbookCallsTests {
  static let printed: [(call: String, member: String)] = [
    (
      """
      # Check for stuck scans
      curl -X GET "/api/admin/cleanup-scans" -H "Authorization: Bearer $ADMIN_TOKEN"
      """, "healthMetrics"
    ),
    (
      """
      # Clean up stuck scans (dry run first)
      curl -X POST "/api/admin/cleanup-scans" -H "Content-Type: application/json" \\
        -d '{"dryRun": true, "maxRuntimeMinutes": 15, "heartbeatStaleMinutes": 5}'
      """, "stuckScans"
    ),
    (
      """
      curl -X POST "/api/admin/cleanup-scans" \\
        -H "Content-Type: application/json" \\
        -H "Authorization: Bearer $ADMIN_TOKEN" \\
        -d '{
          "dryRun": true,
          "maxRuntimeMinutes": 15,
          "heartbeatStaleMinutes": 5
        }'
      """, "stuckScans"
    ),
    (
      """
      # Shorter timeouts for faster feedback
      curl -X POST "/api/admin/cleanup-scans" \\
        -d '{"dryRun": false, "maxRuntimeMinutes": 5, "heartbeatStaleMinutes": 2}'
      """, "cleanedCount"
    ),
    (
      """
      # Add to crontab - run every 15 minutes
      curl -X POST "https://your-app.com/api/admin/cleanup-scans" \\
        -H "Authorization: Bearer $ADMIN_TOKEN" \\
        -d '{"dryRun": false}' >> "$LOG/scan-cleanup.log" 2>&1; grep -o '{.*}' "$LOG/scan-cleanup.log"
      """, "cleanedCount"
    ),
    (
      """
      # Mark specific scan as failed
      curl -X PUT "/api/admin/cleanup-scans/$SCAN_ID" -H "Content-Type: application/json" \\
        -d '{"reason": "Manual intervention - scan appeared stuck"}'
      """, "message"
    ),
  ]

  @Test func theyWork() async throws {
    let stage = try Stage()
    let server = try stage.start("serve", "--port", "0", "--slots", "0")
    let url = try await server.waitUntilServing()
    let submitted = try await stage.run("submit", "library", "/srv/stuck", "--json")
    #expect(submitted.status == 0, "\(submitted.log)")
    let scan = try await stage.scan(1)
    let token = try String(contentsOfFile: stage.data + "/admin-token", encoding: .utf8)
    for (call, member) in Self.printed {
      var call = call.replacing("\"/api", with: "\"\(url)/api")
        .replacing("https://your-app.com", with: url)
      if !call.contains("Authorization") {
        call = call.replacing("curl ", with: "curl -H \"Authorization: Bearer $ADMIN_TOKEN\" ")
      }
      let answer = try Self.shell(
        call,
        [
          "ADMIN_TOKEN": token.trimmingCharacters(in: .whitespacesAndNewlines),
          "SCAN_ID": "\(scan.id)", "LOG": stage.data,
        ])
      let json = try JSONDecoder().decode(JSONValue.self, from: Data(answer.utf8))
      #expect(json["success"] == true, "\(call)\n\(answer)")
      #expect(json[member] != nil, "\(call)\n\(answer)")
    }
    let failed = try await stage.scan(1)
    #expect(failed.status == .failed)
    #expect(failed.errorMessage == "Manual intervention - scan appeared stuck")
    server.signal(SIGTERM)
    _ = try await server.waitForEnd()
  }

  private static func shell(_ script: String, _ variables: [String: String]) throws -> String {
    let folder = try TemporaryFolder(prefix: "holdfast-curl")
    let streams = (
      try StreamFile("/dev/null", O_RDONLY),
      try StreamFile(folder.path("out"), O_WRONLY | O_CREAT),
      try StreamFile(folder.path("err"), O_WRONLY | O_CREAT)
    )
    let process = try ChildProcess(
      ["/bin/bash", "-c", script],
      environment: variables.merging(["PATH": "/usr/bin:/bin"]) { given, _ in given },
      input: streams.0.descriptor, output: streams.1.descriptor, error: streams.2.descriptor)
    #expect(process.waitUntilEnd() == .exited(0))
    return try String(contentsOfFile: folder.path("out"), encoding: .utf8)
  }
}
