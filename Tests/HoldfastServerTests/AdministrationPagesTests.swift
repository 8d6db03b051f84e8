import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

/// Workers, policies, schedules, tokens, users and the audit log, without scripts.
@Suite(.timeLimit(.minutes(2))) struct AdministrationPagesTests {
  /// The API's cursor leads the page to the same place.
  @Test func listsTurnOver() async throws {
    try await TestServer.run { server in
      for name in ["one", "two", "three"] { _ = try await server.makeToken(name, "viewer") }
      let first = try await server.get("/api/v1/tokens?limit=2").json
      #expect(first["items"]?.arrayValue?.map { $0["name"] } == ["three", "two"])
      let cursor = try #require(first["next_cursor"]?.stringValue)
      let second = try await server.get("/api/v1/tokens?limit=2&cursor=\(cursor)").json
      #expect(second["items"]?.arrayValue?.map { $0["name"] } == ["one"])
      #expect(second["next_cursor"] == nil)

      let whole = try await server.get("/tokens").text
      #expect(whole.contains(">three</th>") && !whole.contains("aria-label=\"Pages\""))
      let rest = try await server.get("/tokens?cursor=\(cursor)").text
      #expect(rest.contains(">one</th>") && !rest.contains(">two</th>"))
      #expect(rest.contains("<a class=\"button\" href=\"/tokens\">First</a>"))
      #expect(!rest.contains("rel=\"next\""))
      for list in ["users", "tenants", "schedules", "workers"] {
        let bad = try await server.get("/api/v1/\(list)?cursor=nonsense")
        #expect(bad.status == 400, "\(list)")
        #expect(try bad.json["field"] == "cursor", "\(list)")
      }
    }
  }

  @Test func workersShowTheirSlotsAndTheirSilence() async throws {
    try await TestServer.run { server in
      let visitor = try await PageVisitor(server)
      #expect(try await visitor.page("/workers").contains("No worker is running"))
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      _ = try await worker.claim(scan.id)
      let page = try await visitor.page("/workers")
      #expect(page.contains("1 worker, 1 of 4 slots busy"))
      #expect(page.contains("tone-good\">Alive<"))
      #expect(page.contains("href=\"/scans/1\""))
      #expect(page.contains("every 30 s"))
      let silent = try await server.store.now().adding(seconds: -100)
      try await server.shell("UPDATE workers SET last_heartbeat_at = '\(silent)'")
      #expect(try await visitor.page("/workers").contains("tone-warn\">Silent<"))
    }
  }

  @Test func policiesShowWhereEachValueIsFrom() async throws {
    try await TestServer.run { server in
      let visitor = try await PageVisitor(server)
      let page = try await visitor.page("/policies?kind=site&target=https://example.org")
      #expect(page.contains("What holds for the site scan of https://example.org"))
      #expect(page.contains("<code>heartbeat_interval_seconds</code>"))
      #expect(page.contains("built-in for site"))
      #expect(page.contains("Worker death"))
      #expect(
        try await visitor.answer("/policies?kind=sites").text.contains("did you mean “site”?"))
    }
  }

  @Test func schedulesAreAddedAndRemoved() async throws {
    try await TestServer.run { server in
      let visitor = try await PageVisitor(server)
      #expect(try await visitor.page("/schedules").contains("No schedules yet"))
      let wrong = try await visitor.post(
        "/schedules",
        [("name", "nightly"), ("kind", "library"), ("target", "/srv/a"), ("cron", "0 25 * * *")])
      #expect(wrong.status == 400)
      #expect(wrong.text.contains("role=\"alert\">"))
      #expect(wrong.text.contains("value=\"0 25 * * *\""), "what was written stays")
      let added = try await visitor.post(
        "/schedules",
        [
          ("name", "nightly"), ("kind", "library"), ("target", "/srv/a"), ("cron", "0 3 * * *"),
          ("zone", "Europe/Berlin"), ("every_seconds", ""), ("missed", "skip"), ("priority", "5"),
          ("params", "{\"hash\": true}"),
        ])
      #expect(added.status == 303)
      let page = try await visitor.page("/schedules")
      #expect(page.contains("0 3 * * * (Europe/Berlin)"))
      #expect(page.matches(of: /class="upcoming"/).count == 3)
      let made = try await server.get("/api/v1/schedules/nightly").json
      #expect(made["missed"] == "skip" && made["priority"] == 5 && made["params"] == ["hash": true])
      #expect(try await visitor.post("/schedules/nightly/remove").status == 303)
      #expect(try await visitor.page("/schedules").contains("No schedules yet"))
      #expect(try await visitor.post("/schedules/nightly/remove").status == 404)
      let log = try await visitor.page("/audit-log?object=schedule+nightly")
      #expect(log.contains("schedule.add") && log.contains("schedule.remove"))
    }
  }

  @Test func aTokenIsShownOnce() async throws {
    try await TestServer.run { server in
      let visitor = try await PageVisitor(server)
      let made = try await visitor.post(
        "/tokens", [("name", "ci"), ("role", "operator"), ("expires_in_days", "30")])
      #expect(made.status == 200)
      #expect(made.headers.first(name: "cache-control") == "no-store")
      let secret = try #require(made.text.firstMatch(of: /id="secret">([^<]+)</)).output.1
      let me = try await server.get("/api/v1/me", as: .bearer(String(secret))).json
      #expect(me == ["actor": "token:ci", "role": "operator", "tenant": "default"])
      let page = try await visitor.page("/tokens")
      #expect(!page.contains(secret))
      #expect(page.contains("tone-good\">Active<"))
      let taken = try await visitor.post("/tokens", [("name", "ci"), ("role", "viewer")])
      #expect(taken.status == 409)
      #expect(taken.text.contains("Another token that is not revoked is called “ci”."))
      for wish in [
        [("name", "a b"), ("role", "viewer")], [("name", "x"), ("role", "root")],
        [("name", "x"), ("role", "viewer"), ("expires_in_days", "0")],
      ] {
        #expect(try await visitor.post("/tokens", wish).status == 400, "\(wish)")
      }
      let id = try #require(page.firstMatch(of: /action="\/tokens\/([^\/"]+)\/rotate"/)).output.1
      let rotated = try await visitor.post("/tokens/\(id)/rotate")
      let fresh = try #require(rotated.text.firstMatch(of: /id="secret">([^<]+)</)).output.1
      #expect(fresh != secret)
      #expect(try await server.get("/api/v1/me", as: .bearer(String(secret))).status == 401)
      #expect(try await visitor.post("/tokens/\(id)/revoke").status == 303)
      #expect(try await server.get("/api/v1/me", as: .bearer(String(fresh))).status == 401)
      #expect(try await visitor.page("/tokens").contains("tone-calm\">Revoked<"))
    }
  }

  @Test func usersAreAddedChangedAndRemoved() async throws {
    try await TestServer.run { server in
      let visitor = try await PageVisitor(server)
      let password = "correct horse battery"
      let short = try await visitor.post(
        "/users", [("name", "ann"), ("role", "viewer"), ("password", "short")])
      #expect(short.status == 400)
      #expect(!short.text.contains("value=\"short\""))
      let added = try await visitor.post(
        "/users", [("name", "ann"), ("role", "viewer"), ("password", password)])
      #expect(added.status == 200)
      #expect(added.text.contains("ann can sign in now."))
      let here = [("Sec-Fetch-Site", "same-origin")]
      let signedIn = try await server.postForm(
        "/sign-in", "name=ann&password=correct+horse+battery", headers: here)
      let session = try #require(signedIn.cookie)
      let raised = try await visitor.post(
        "/users/ann/role", [("role", "operator"), ("tenant", "default")])
      #expect(raised.text.contains("ann is operator in default now."))
      #expect(try await server.get("/api/v1/me", as: .cookie(session)).json["role"] == "operator")
      let other = try await visitor.post("/users/ann/password", [("password", password + "!")])
      #expect(other.text.contains("their sessions have ended"))
      #expect(try await server.get("/api/v1/me", as: .cookie(session)).status == 401)
      let removed = try await visitor.post(
        "/users/ann/role", [("role", ""), ("tenant", "default")])
      #expect(removed.text.contains("ann cannot sign in any more."))
      #expect(try await visitor.page("/users").contains("No users yet"))
      #expect(try await visitor.post("/users/ann/password", [("password", password)]).status == 404)
    }
  }

  @Test func theAuditLogIsFilteredAndPaged() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for index in 0..<60 {
        let scan = try await worker.submit("/srv/\(index)")
        _ = try await server.post("/api/v1/scans/\(scan.number)/cancel")
      }
      let visitor = try await PageVisitor(server)
      let first = try await visitor.page("/audit-log?action=scan.cancel")
      #expect(first.contains(">scan 60<") && !first.contains(">scan 5<"))
      let older = try #require(first.firstMatch(of: /<a class="button" href="([^"]+)" rel="next"/))
      let second = try await visitor.page(String(older.output.1).replacing("&amp;", with: "&"))
      #expect(second.contains(">scan 5<") && !second.contains(">scan 60<"))
      #expect(try await visitor.page("/audit-log?actor=nobody").contains("Nothing to show"))
      #expect(try await visitor.answer("/audit-log?color=red").status == 400)
    }
  }
}
