import HoldfastCore
import HoldfastStorage
import Testing

/// The list of scans: filters and orders in its address, and actions on many, all of it without scripts.
@Suite(.timeLimit(.minutes(2))) struct ScanListPageTests {
  private func numbers(_ page: String) -> [Int] {
    page.matches(of: /data-key="row-([0-9]+)"/).compactMap { Int($0.output.1) }
  }

  @Test func filtersAndOrdersAreInTheAddress() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for target in ["/srv/music", "/srv/a", "/srv/Music box"] {
        _ = try await worker.submit(target)
      }
      _ = try await server.post("/api/v1/scans/2/cancel")
      let visitor = try await PageVisitor(server)
      #expect(numbers(try await visitor.page("/")) == [3, 2, 1])
      #expect(numbers(try await visitor.page("/?search=music")) == [3, 1])
      #expect(numbers(try await visitor.page("/?search=%232")) == [2])
      #expect(numbers(try await visitor.page("/?sort=target")) == [3, 2, 1])
      #expect(
        numbers(try await visitor.page("/?sort=-target&search=&kind=&verdict=")) == [1, 2, 3])
      #expect(numbers(try await visitor.page("/?status=pending,running&sort=number")) == [1, 3])
      #expect(numbers(try await visitor.page("/?target=/srv/a")) == [2])
      #expect(numbers(try await visitor.page("/?kind=site")) == [])
      #expect(numbers(try await visitor.page("/?verdict=stuck")) == [])
      let page = try await visitor.page(
        "/?search=music&sort=target&status=pending&target=/srv/music")
      #expect(page.contains("value=\"music\""), "the form keeps what it was asked")
      #expect(page.contains("aria-sort=\"ascending\""))
      #expect(page.contains("Only <span class=\"path\">/srv/music</span>"))
      #expect(page.contains("name=\"sort\" value=\"target\""))
      #expect(try await visitor.page("/?search=nothing").contains("No scan matches"))
      for (path, field) in [("/?verdict=fine", "verdict"), ("/?sort=size", "sort")] {
        let refused = try await visitor.answer(path)
        #expect(refused.status == 400)
        #expect(refused.text.contains("is no \(field)"))
      }
    }
  }

  @Test func pagesKeepTheFiltersAndTheOrder() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 100..<130 { _ = try await worker.submit("/srv/\(index)") }
      let visitor = try await PageVisitor(server)
      let first = try await visitor.page("/?search=srv&sort=target")
      let older = try #require(first.firstMatch(of: /<a class="button" href="([^"]+)" rel="next"/))
      let second = try await visitor.page(String(older.output.1).replacing("&amp;", with: "&"))
      #expect(numbers(first) == Array(1...25))
      #expect(numbers(second) == Array(26...30))
    }
  }

  @Test func theSelectedAreShownAndThenActedOn() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for target in ["/srv/a", "/srv/b", "/srv/c"] { _ = try await worker.submit(target) }
      _ = try await worker.claim(try #require(try await server.store.scan(.number(2))).id)
      _ = try await server.post("/api/v1/scans/3/cancel")
      let visitor = try await PageVisitor(server)
      #expect(try await visitor.page("/").contains("form=\"bulk-form\" name=\"scan\" value=\"2\""))
      let preview = try await visitor.page("/bulk?action=cancel&scan=1&scan=2&scan=3")
      #expect(preview.contains("Cancel: 2 scans?"))
      #expect(preview.contains("1 scan cannot be cancelled and will be left as they are."))
      #expect(preview.contains("Its worker is asked, and ends its process first."))
      #expect(try await server.store.scan(.number(1))?.status == .pending, "a look changes nothing")
      let fields = PageVisitor.hiddenFields(of: "/bulk", on: preview)
      #expect(fields.map(\.0) == ["action", "scan", "hash"])
      let done = try await visitor.post("/bulk", fields + [("reason", "not now")])
      #expect(done.status == 200)
      #expect(done.text.contains("Done <span class=\"count\">1</span>"))
      #expect(done.text.contains("Asked of their workers"))
      #expect(try await server.store.scan(.number(1))?.status == .cancelled)
      #expect(try await server.store.scan(.number(2))?.requestedAction == .cancel)
      #expect(
        try await server.get("/api/v1/scans/1/events").text.contains("not now"))
      let again = try await visitor.post("/bulk", fields)
      #expect(again.status == 409, "what was looked at is not there any more")
      #expect(again.text.contains("Scans have moved since you looked."))
    }
  }

  @Test func allThatMatchAreMeant() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 0..<30 { _ = try await worker.submit("/srv/\(index % 2)/\(index)") }
      let visitor = try await PageVisitor(server)
      let preview = try await visitor.page("/bulk?action=cancel&all=true&search=/srv/1/&scan=2")
      #expect(preview.contains("Cancel: 15 scans?"))
      let fields = PageVisitor.hiddenFields(of: "/bulk", on: preview)
      // One that came since is not among those that were looked at.
      _ = try await worker.submit("/srv/1/new")
      #expect(try await visitor.post("/bulk", fields).status == 409)
      let fresh = PageVisitor.hiddenFields(
        of: "/bulk", on: try await visitor.page("/bulk?action=cancel&all=true&search=/srv/1/"))
      #expect(try await visitor.post("/bulk", fresh).status == 200)
      let counts = try await server.store.statusCounts()
      #expect(counts == [.pending: 15, .cancelled: 16])
      for path in [
        "/bulk?action=cancel", "/bulk?action=delete&scan=1", "/bulk?action=cancel&scan=x",
      ] {
        #expect(try await visitor.answer(path).status == 400, "\(path)")
      }
      let none = try await visitor.page("/bulk?action=resume&all=true&status=failed")
      #expect(none.contains("No scan can be resumed"))
    }
  }

  @Test func aViewerIsOfferedNothingThatItMayNotDo() async throws {
    try await TestServer.run { server in
      _ = try await ScriptedWorker.start(server.store).submit("/srv/a")
      guard case .bearer(let token) = try await server.makeToken("v", "viewer").credentials else {
        return
      }
      let visitor = try await PageVisitor(server, token: token)
      for path in [
        "/", "/overview", "/scans/1", "/workers", "/schedules", "/policies", "/cleanup", "/reset",
      ] {
        let page = try await visitor.page(path)
        let forms = page.matches(of: /<form[^>]*method="post" action="([^"]+)"/).map { $0.output.1 }
        #expect(forms == ["/sign-out"], "\(path)")
        #expect(!page.contains("href=\"/tokens\"") && !page.contains("bulk-form"), "\(path)")
      }
      for path in ["/tokens", "/users", "/audit-log", "/bulk?action=cancel&scan=1"] {
        #expect(try await visitor.answer(path).status == 403, "\(path)")
      }
    }
  }
}
