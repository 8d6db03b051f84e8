import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

/// The pages as they are without scripts.
@Suite(.timeLimit(.minutes(2))) struct PagesTests {
  private func page(_ server: TestServer, _ path: String = "/") async throws -> String {
    let (cookie, _) = try await server.signIn()
    let answer = try await server.get(path, as: .cookie(cookie))
    #expect(answer.status == 200, "\(path): \(answer.text)")
    return answer.text
  }

  @Test func anEmptyServerSaysWhatToDo() async throws {
    try await TestServer.run { server in
      let text = try await page(server)
      #expect(text.contains("No scans yet"))
      #expect(text.contains("No library scan has ended yet."))
      #expect(text.contains("data-state=\"ready\""))
      #expect(text.contains("No worker is running"))
    }
  }

  @Test func theLastScanIsShownAsTheLibraryScannerDid() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/library")
      try await worker.finish(try await worker.claim(scan.id), files: 150)
      let text = try await page(server)
      #expect(text.contains("Last Scan:"))
      #expect(text.contains("150 added, 0 updated, 0 removed"))
      #expect(text.contains("Scan completed successfully!"))
      #expect(text.contains("status-completed"))
      #expect(!text.contains("class=\"badge"))
    }
  }

  @Test func partialAndFailedScansHaveTheirBadges() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let good = try await worker.submit("/srv/good")
      try await worker.finish(
        try await worker.claim(good.id),
        errors: ["a", "b"].map { ItemError(path: $0, type: "oversized", message: "large") })
      let partial = try await page(server)
      #expect(partial.contains("badge-warning\">Warning<"))
      #expect(partial.contains("Scan completed with 2 errors"))
      let bad = try await worker.submit("/srv/bad")
      try await worker.report(
        AttemptReport(
          lease: try await worker.claim(bad.id),
          end: .failed(error: "no such folder", reason: nil, summary: nil)))
      let failed = try await page(server)
      #expect(failed.contains("badge-error\">Error<"))
      #expect(failed.contains("Scan failed"))
      #expect(failed.contains("Last good:"), "the last success stays in view")
    }
  }

  @Test func theButtonIsDisabledWhileItsFolderIsScanned() async throws {
    try await TestServer.run { server in
      _ = try await ScriptedWorker.start(server.store).submit("/srv/library")
      let text = try await page(server)
      #expect(text.contains("data-state=\"disabled\" disabled>Scan in progress<"))
    }
  }

  @Test func scansAreFilteredAndPaged() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 0..<30 { _ = try await worker.submit("/srv/\(index)") }
      let first = try await page(server)
      let older = try #require(first.firstMatch(of: /href="(\/\?cursor=[^"]+)"/))
      let second = try await page(server, String(older.output.1))
      #expect(first.contains(">#30<") && !first.contains(">#5<"))
      #expect(second.contains(">#5<") && !second.contains(">#30<"))
      let pending = try await page(server, "/?status=pending")
      #expect(pending.contains("aria-current=\"page\">Pending <"))
      #expect(try await page(server, "/?status=failed").contains("No scan is failed"))
    }
  }

  @Test func oneScanShowsEverything() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/library")
      let lease = try await worker.claim(scan.id)
      try await worker.report(
        AttemptReport(
          lease: lease, checkpoint: ["path": "b"],
          progress: Progress(
            done: 1200, total: 5000, unit: "entries", bytes: 3_400_000, step: "walk",
            current: "b/c")))
      let running = try await page(server, "/scans/\(scan.number)")
      for part in [
        "1,200 of 5,000 entries", "24 %", "3.4 MB", ">b/c<", "<dt>Alive</dt>", "<dt>Moved</dt>",
        "action-cancel", "action-pause", "Attempt 1 started on scripted", "Checkpoint",
        "/api/v1/scans/\(scan.id)",
      ] {
        #expect(running.contains(part), "\(part)")
      }
      #expect(!running.contains("action-retry"))
      try await worker.finish(
        lease, files: 3,
        errors: [ItemError(path: "x.exe", type: "invalid_extension", message: "not allowed")])
      let ended = try await page(server, "/scans/\(scan.id)")
      for part in [
        "Scan completed with 1 error", "x.exe", "invalid_extension", "file-1000.mp4",
        "action-retry", "Completed with 1 error",
      ] {
        #expect(ended.contains(part), "\(part)")
      }
      #expect(try await page(server, "/scans/1?change=removed").contains("Nothing was removed."))
    }
  }

  @Test func whatComesFromOutsideIsEscaped() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/<script>alert(1)</script>\u{1B}[31m\"'")
      try await worker.finish(
        try await worker.claim(scan.id),
        errors: [ItemError(path: "<img src=x>", type: "<b>", message: "\u{202E}evil")])
      for path in ["/", "/scans/1"] {
        let text = try await page(server, path)
        #expect(!text.contains("<script>alert"))
        #expect(!text.contains("<img"))
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
        #expect(text.contains("\\u{1b}[31m"))
      }
    }
  }

  @Test func formsWorkWithoutScripts() async throws {
    try await TestServer.run { server in
      let (cookie, csrf) = try await server.signIn()
      let here = [("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")]
      let made = try await server.postForm(
        "/scans",
        "csrf_token=\(csrf)&kind=library&target=%2Fsrv%2Fa&allowed_extensions=mp4,+pdf&hash=true"
          + "&max_size_bytes=&exclude=",
        headers: here, as: .cookie(cookie))
      #expect(made.status == 303)
      #expect(made.headers.first(name: "location") == "/scans/1")
      let scan = try #require(try await server.store.scan(.number(1)))
      #expect(scan.params == ["allowed_extensions": ["mp4", "pdf"], "hash": true])
      #expect(scan.createdBy == "dashboard")
      let again = try await server.postForm(
        "/scans", "csrf_token=\(csrf)&kind=library&target=%2Fsrv%2Fa", headers: here,
        as: .cookie(cookie))
      #expect(again.status == 409)
      #expect(again.text.contains("Scan already in progress (started at"))
      #expect(again.headers.first(name: "content-type") == "text/html; charset=utf-8")
      let bad = try await server.postForm(
        "/scans", "csrf_token=\(csrf)&target=relative", headers: here, as: .cookie(cookie))
      #expect(bad.status == 400)
      let cancelled = try await server.postForm(
        "/scans/1/cancel", "csrf_token=\(csrf)", headers: here, as: .cookie(cookie))
      #expect(cancelled.status == 303)
      #expect(try await server.store.scan(.number(1))?.status == .cancelled)
      let forged = try await server.postForm(
        "/scans/1/retry", "csrf_token=x", headers: here, as: .cookie(cookie))
      #expect(forged.status == 403)
    }
  }
}
