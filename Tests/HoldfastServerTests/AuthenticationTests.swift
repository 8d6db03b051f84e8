import Foundation
import HoldfastCore
import HoldfastServer
import HoldfastStorage
import HoldfastTestKit
import NIOHTTP1
import Testing

/// Who gets in, and who does not.
@Suite(.timeLimit(.minutes(2))) struct AuthenticationTests {
  /// Everything that shows or changes data.
  static let guarded: [(String, String)] = [
    ("GET", "/api/scanner/status"), ("GET", "/api/scanner/history"), ("POST", "/api/scanner/scan"),
    ("GET", "/api/v1/scans"), ("POST", "/api/v1/scans"), ("GET", "/api/v1/scans/1"),
    ("GET", "/api/v1/scans/1/events"), ("GET", "/api/v1/scans/1/errors"),
    ("GET", "/api/v1/scans/1/items"), ("POST", "/api/v1/scans/1/cancel"),
    ("POST", "/api/v1/scans/1/pause"), ("POST", "/api/v1/scans/1/resume"),
    ("POST", "/api/v1/scans/1/retry"), ("GET", "/api/v1/workers"), ("GET", "/api/v1/events"),
    ("POST", "/api/v1/sign-in-codes"), ("POST", "/scans"), ("POST", "/scans/1/cancel"),
    ("POST", "/sign-out"), ("GET", "/"), ("GET", "/scans/1"), ("GET", "/api/v1/unknown"),
  ]

  @Test func nothingIsShownWithoutCredentials() async throws {
    try await TestServer.run { server in
      for (method, path) in Self.guarded {
        let bare = try await server.send(.init(rawValue: method), path, as: .none)
        #expect(bare.status == 401, "\(method) \(path)")
        #expect(bare.problem == "not-signed-in", "\(method) \(path)")
        #expect(bare.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
        for wrong in ["Bearer hf_wrong", "Bearer ", "Basic YTpi", "\(server.token)"] {
          let answer = try await server.send(
            .init(rawValue: method), path, headers: [("Authorization", wrong)], as: .none)
          #expect(answer.status == 401, "\(method) \(path) with “\(wrong)”")
        }
        let forged = try await server.send(
          .init(rawValue: method), path, as: .cookie("holdfast_session=v1.a.99999999999.b"))
        #expect(forged.status == 401, "\(method) \(path) with a forged cookie")
      }
    }
  }

  @Test func healthAndTheSignInAreForEverybody() async throws {
    try await TestServer.run { server in
      let health = try await server.get("/health", as: .none)
      #expect(health.status == 200)
      #expect(
        try health.json
          == ["status": "healthy", "version": "1.2.3", "components": ["database": "healthy"]])
      #expect(try await server.get("/sign-in", as: .none).status == 200)
      #expect(try await server.get("/problems/scope-held", as: .none).status == 200)
    }
  }

  @Test func pagesLeadToTheSignIn() async throws {
    try await TestServer.run { server in
      let html = [("Accept", "text/html")]
      let list = try await server.get("/", headers: html, as: .none)
      #expect(list.status == 303)
      #expect(list.headers.first(name: "location") == "/sign-in")
      let scan = try await server.get("/scans/4?change=added", headers: html, as: .none)
      #expect(scan.headers.first(name: "location") == "/sign-in?next=/scans/4%3Fchange%3Dadded")
    }
  }

  @Test func theTokenIsItsOwnersAloneAndNotInTheDatabase() async throws {
    try await TestServer.run { server in
      let attributes = try FileManager.default.attributesOfItem(
        atPath: server.folder.path("data/admin-token"))
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(server.token.hasPrefix("hf_"))
      #expect(server.token.utf8.count == 46)
      let stored = try await server.store.setting("admin_token_sha256")
      #expect(stored?.utf8.count == 64)
      #expect(stored?.contains(server.token) == false)
    }
  }

  @Test func theFormSignsIn() async throws {
    try await TestServer.run { server in
      let here = [("Sec-Fetch-Site", "same-origin")]
      let refused = try await server.postForm("/sign-in", "token=wrong", headers: here)
      #expect(refused.status == 401)
      #expect(refused.text.contains("neither the admin token nor an API token"))
      #expect(refused.cookie == nil)

      let answer = try await server.postForm(
        "/sign-in", "token=\(server.token)&next=%2Fscans%2F4", headers: here)
      #expect(answer.status == 200)
      let cookie = try #require(answer.headers.first(name: "set-cookie"))
      for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        #expect(cookie.contains(attribute))
      }
      #expect(answer.text.contains("url=/scans/4"))
      let page = try await server.get("/", as: .cookie(try #require(answer.cookie)))
      #expect(page.status == 200)

      let elsewhere = try await server.postForm(
        "/sign-in", "token=\(server.token)&next=//evil.example", headers: here)
      #expect(elsewhere.text.contains("url=/\""))
      let foreign = try await server.postForm(
        "/sign-in", "token=\(server.token)", headers: [("Origin", "http://evil.example")])
      #expect(foreign.status == 403)
    }
  }

  @Test func guessingTheTokenIsSlowedDown() async throws {
    try await TestServer.run { server in
      let here = [("Sec-Fetch-Site", "same-origin")]
      for _ in 0..<5 {
        #expect(try await server.postForm("/sign-in", "token=x", headers: here).status == 401)
      }
      let throttled = try await server.postForm(
        "/sign-in", "token=\(server.token)", headers: here)
      #expect(throttled.status == 429)
      #expect(Int(throttled.headers.first(name: "retry-after") ?? "") ?? 0 > 0)
      #expect(try await server.get("/sign-in?code=x", as: .none).status == 429)
    }
  }

  @Test func aCodeSignsInOnce() async throws {
    try await TestServer.run { server in
      let made = try await server.post("/api/v1/sign-in-codes")
      #expect(made.status == 201)
      let code = try made.json
      let path = try #require(code["path"]?.stringValue)
      // A page elsewhere that leads here would sign its reader in as somebody else.
      let led = try await server.get(
        path, headers: [("Sec-Fetch-Site", "cross-site")], as: .none)
      #expect(led.status == 401 && led.cookie == nil)
      #expect(code["expires_in_seconds"] == 60)
      #expect(!path.contains(server.token))
      #expect(try await server.send(.HEAD, path, as: .none).status == 405)
      let first = try await server.get(path, as: .none)
      let cookie = try #require(first.cookie)
      #expect(try await server.get("/", as: .cookie(cookie)).status == 200)
      let second = try await server.get(path, as: .none)
      #expect(second.status == 401)
      #expect(second.cookie == nil)
      let bySession = try await server.post("/api/v1/sign-in-codes", as: .cookie(cookie))
      #expect(bySession.status == 403)
    }
  }

  @Test func writesOfASessionNeedItsTokenAndOurOrigin() async throws {
    try await TestServer.run { server in
      let (cookie, csrf) = try await server.signIn()
      let scan = try await ScriptedWorker.start(server.store).submit("/srv/a")
      let path = "/api/v1/scans/\(scan.number)/cancel"
      let here = [("Sec-Fetch-Site", "same-origin")]
      func cancel(_ headers: [(String, String)]) async throws -> Answer {
        try await server.post(path, headers: headers, as: .cookie(cookie))
      }
      #expect(try await cancel([]).problem == "cross-site")
      #expect(try await cancel(here).problem == "csrf-token")
      #expect(try await cancel(here + [("X-CSRF-Token", "wrong")]).problem == "csrf-token")
      #expect(
        try await cancel([("Sec-Fetch-Site", "cross-site"), ("X-CSRF-Token", csrf)]).problem
          == "cross-site")
      #expect(try await server.store.scan(.id(scan.id))?.status == .pending)
      let done = try await cancel(here + [("X-CSRF-Token", csrf)])
      #expect(done.status == 200)
      #expect(try await server.store.scan(.id(scan.id))?.status == .cancelled)
    }
  }

  @Test func aSessionEndsWithTheSignOut() async throws {
    try await TestServer.run { server in
      let (cookie, csrf) = try await server.signIn()
      let answer = try await server.postForm(
        "/sign-out", "csrf_token=\(csrf)", headers: [("Sec-Fetch-Site", "same-origin")],
        as: .cookie(cookie))
      #expect(answer.status == 303)
      #expect(answer.headers.first(name: "set-cookie")?.contains("Max-Age=0") == true)
      #expect(try await server.get("/", as: .cookie(cookie)).status == 401)
    }
  }

  @Test func aSignOutOutlivesARestart() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-server")
    let (gone, kept) = (Kept(), Kept())
    try await TestServer.run(folder: folder) { server in
      await kept.set(cookie: try await server.signIn().cookie, token: server.token)
      let (cookie, csrf) = try await server.signIn()
      await gone.set(cookie: cookie, token: server.token)
      _ = try await server.postForm(
        "/sign-out", "csrf_token=\(csrf)", headers: [("Sec-Fetch-Site", "same-origin")],
        as: .cookie(cookie))
      let stored = try await server.store.setting("signed_out_sessions") ?? ""
      #expect(stored.split(separator: "\n").count == 1)
      // What is stored proves nothing by itself.
      #expect(!stored.contains(cookie.split(separator: ".")[1]))
    }
    try await TestServer.run(folder: folder) { server in
      let refused = try await server.get("/", as: .cookie(await gone.cookie))
      #expect(refused.status == 401)
      let page = try await server.get("/", as: .cookie(await kept.cookie))
      #expect(page.status == 200)
    }
  }

  @Test func sessionsAndTokenOutliveARestart() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-server")
    let kept = Kept()
    try await TestServer.run(folder: folder) { server in
      await kept.set(cookie: try await server.signIn().cookie, token: server.token)
    }
    try await TestServer.run(folder: folder) { server in
      #expect(await kept.token == server.token)
      let page = try await server.get("/", as: .cookie(await kept.cookie))
      #expect(page.status == 200)
    }
  }

  @Test func aNewTokenTakesThePlaceOfTheOld() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-server")
    let kept = Kept()
    try await TestServer.run(folder: folder) { server in
      await kept.set(cookie: try await server.signIn().cookie, token: server.token)
      let path = try await HoldfastServer.rotateAdminToken(
        store: server.store, dataDirectory: folder.path("data"))
      #expect(path == folder.path("data/admin-token"))
    }
    try await TestServer.run(folder: folder) { server in
      let old = await kept.token
      #expect(server.token != old)
      #expect(try await server.get("/api/v1/scans").status == 200)
      let refused = try await server.get(
        "/api/v1/scans", headers: [("Authorization", "Bearer \(old)")], as: .none)
      #expect(refused.status == 401)
      let page = try await server.get("/", as: .cookie(await kept.cookie))
      #expect(page.status == 401)
    }
  }

  @Test func aTokenFileThatOthersCanReadIsRefused() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-server")
    try await TestServer.run(folder: folder) { _ in }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: folder.path("data/admin-token"))
    await #expect(throws: ServerError.self) {
      try await TestServer.run(folder: folder) { _ in }
    }
  }
}

/// What one life of a server hands to the next.
private actor Kept {
  var cookie = ""
  var token = ""

  func set(cookie: String, token: String) {
    self.cookie = cookie
    self.token = token
  }
}
