import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOHTTP1
import Testing

@testable import HoldfastServer

/// What each role and each tenant may do, for every route there is.
@Suite(.timeLimit(.minutes(3))) struct AccessTests {
  @Test func everyRouteHasItsRowAndEveryRowItsRoute() async throws {
    try await TestServer.run { server in
      let names = try await Self.routeNames(of: server)
      #expect(Set(names) == Set(RouteAccess.table.keys))
      #expect(names.count == Set(names).count)
    }
  }

  /// Every route × no token, expired, revoked, each role, and each role of another tenant.
  @Test(arguments: TestDatabase.allCases)
  func everyRouteAsksForItsRole(_ database: TestDatabase) async throws {
    let issuer = try TestIssuer()
    try await TestServer.run(
      on: database, configure: { $0.jwtIssuers = [issuer.trust] }
    ) { server in
      var cast = try await Cast(server)
      try await cast.addServices(of: issuer)
      for (name, access) in RouteAccess.table.sorted(by: { $0.key < $1.key }) {
        let parts = name.split(separator: " ").map(String.init)
        let method = HTTPMethod(rawValue: parts[0])
        let path = cast.path(parts[1])
        for (who, credentials) in cast.nobodies {
          let answer = try await Self.send(method, path, to: server, as: credentials)
          let isRefused = answer.status == 401 && answer.problem == "not-signed-in"
          #expect(isRefused == (access != .open), "\(name) as \(who): \(answer.status)")
        }
        // Its answer has no end; who may not read it is told so at once.
        let hasEnd = parts[1] != "/api/v1/events"
        for member in cast.members where hasEnd || !member.may(access) {
          let answer = try await Self.send(method, path, to: server, as: member.credentials)
          let what: Comment = "\(name) as \(member.name): \(answer.status) \(answer.text)"
          if !member.may(access) {
            #expect(answer.status == 403 && answer.problem == "not-permitted", what)
          } else {
            let opensSessions = parts[1] == "/api/v1/sign-in-codes"
            #expect((answer.status == 401) == (member.isService && opensSessions), what)
            #expect(answer.problem != "not-permitted", what)
            let isOfScan = parts[1].contains("scan") && parts[1].contains("{id}")
            if member.tenant == "other", isOfScan || Self.namesAnothers(parts[1]) {
              #expect(answer.status == 404, what)
            } else if isOfScan {
              #expect(answer.status != 404, what)
            }
          }
        }
      }
    }
  }

  /// Whether a path names a token or a schedule of `acme`.
  private static func namesAnothers(_ path: String) -> Bool {
    path.hasPrefix("/api/v1/tokens/{id}") || path.hasPrefix("/api/v1/schedules/{name}")
  }

  @Test(arguments: TestDatabase.allCases)
  func whatIsAnothersIsNotThere(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let cast = try await Cast(server)
      let acme = cast.credentials("operator", "acme")
      let other = cast.credentials("operator", "other")
      let listed = try await server.get("/api/v1/scans", as: other).json
      #expect(listed["items"] == [])
      let health = try await server.get("/api/admin/cleanup-scans", as: other).json
      #expect(health["healthMetrics"]?["totalScans"] == 0)
      let own = try await server.get("/api/admin/cleanup-scans", as: acme).json
      #expect(own["healthMetrics"]?["totalScans"] == 1)
      let page = try await server.get("/", headers: [("Accept", "text/html")], as: other)
      #expect(!page.text.contains("/srv/acme"))

      // The same folder and the same key, twice, without either knowing of the other.
      let key = [("Idempotency-Key", "k1")]
      let wish: JSONValue = ["kind": "library", "target": "/srv/shared"]
      let first = try await server.post("/api/v1/scans", wish, headers: key, as: acme)
      let second = try await server.post("/api/v1/scans", wish, headers: key, as: other)
      #expect(first.status == 201)
      #expect(second.status == 201)
      #expect(try first.json["tenant_id"] == "acme")
      #expect(try second.json["tenant_id"] == "other")
      #expect(try first.json["id"] != second.json["id"])

      let cleaned = try await server.post(
        "/api/admin/reset-scans", ["dryRun": false], as: other)
      #expect(try cleaned.json["resetCount"] == 0)
    }
  }

  @Test func aStreamTellsOnlyOfOnesOwn() async throws {
    try await TestServer.run { server in
      let cast = try await Cast(server)
      let other = cast.credentials("viewer", "other")
      // What was before, and what comes.
      guard case .bearer(let token) = other else { return }
      var stream = try await server.events(
        "/api/v1/events?last_event_id=0", headers: [("Authorization", "Bearer \(token)")])
      let wish: JSONValue = ["kind": "library", "target": "/srv/b"]
      _ = try await server.post(
        "/api/v1/scans", wish, as: cast.credentials("operator", "acme"))
      let own = try await server.post(
        "/api/v1/scans", wish, as: cast.credentials("operator", "other"))
      let heard = try #require(try await stream.nextLifecycle()?.json)
      #expect(heard["scan_id"] == (try own.json["id"]))
      let refused = try await server.get("/api/v1/events?scan=\(cast.scan)", as: other)
      #expect(refused.status == 404)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func tokensAreShownOnceAndKeptAsHashes(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let made = try await server.post(
        "/api/v1/tokens", ["name": "ci", "role": "operator", "expires_in_seconds": 3600])
      #expect(made.status == 201)
      let token = try #require(try made.json["token"]?.stringValue)
      let id = try #require(try made.json["id"]?.stringValue)
      let me = try await server.get("/api/v1/me", as: .bearer(token)).json
      #expect(me == ["actor": "token:ci", "role": "operator", "tenant": "default"])
      let list = try await server.get("/api/v1/tokens")
      #expect(!list.text.contains(token))
      #expect(try list.json["items"]?.arrayValue?.first?["last_used_at"]?.stringValue != nil)
      #expect(try list.json["items"]?.arrayValue?.first?["state"] == "active")

      let taken = try await server.post("/api/v1/tokens", ["name": "ci", "role": "viewer"])
      #expect(taken.problem == "name-taken")
      for (field, wish) in [
        ("role", ["name": "x", "role": "root"]), ("name", ["name": "a b", "role": "viewer"]),
        ("tenant", ["name": "x", "role": "viewer", "tenant": "nowhere"]),
      ] as [(String, JSONValue)] {
        let refused = try await server.post("/api/v1/tokens", wish)
        #expect(refused.status == 400)
        #expect(try refused.json["field"] == .string(field))
      }

      let rotated = try await server.post("/api/v1/tokens/ci/rotate")
      let fresh = try #require(try rotated.json["token"]?.stringValue)
      #expect(try await server.get("/api/v1/me", as: .bearer(token)).status == 401)
      #expect(try await server.get("/api/v1/me", as: .bearer(fresh)).status == 200)
      #expect(try await server.post("/api/v1/tokens/\(id)/revoke").status == 200)
      let ended = try await server.get("/api/v1/me", as: .bearer(fresh))
      #expect(ended.status == 401)
      #expect(ended.text.contains("has been revoked"))
      #expect(try await server.post("/api/v1/tokens/ci/rotate").problem == "token-not-found")
    }
  }

  @Test func anAdminGivesNoMoreThanItHas() async throws {
    try await TestServer.run { server in
      let cast = try await Cast(server)
      let admin = cast.credentials("admin", "acme")
      for tenant in ["other", "*"] {
        let refused = try await server.post(
          "/api/v1/tokens", ["name": "x", "role": "viewer", "tenant": .string(tenant)], as: admin)
        #expect(try refused.json["field"] == "tenant")
      }
      let own = try await server.post(
        "/api/v1/tokens", ["name": "x", "role": "viewer"], as: admin)
      #expect(try own.json["tenant"] == "acme")
      let others = try await server.makeToken("theirs", "viewer", tenant: "other")
      let revoked = try await server.post("/api/v1/tokens/\(others.id)/revoke", as: admin)
      #expect(revoked.problem == "token-not-found")
      let tokens = try await server.get("/api/v1/tokens", as: admin).json["items"]?.arrayValue
      #expect(tokens?.allSatisfy { $0["tenant"] == "acme" } == true)
      let tenants = try await server.get("/api/v1/tenants", as: admin).json["items"]?.arrayValue
      #expect(tenants?.map { $0["name"]?.stringValue } == ["acme"])
    }
  }

  @Test func aSessionHasTheRoleOfWhatOpenedItAndEndsWithIt() async throws {
    try await TestServer.run { server in
      let cast = try await Cast(server)
      guard case .bearer(let token) = cast.credentials("viewer", "acme") else { return }
      let session = try await server.signIn(with: token)
      let page = try await server.get("/", as: .cookie(session.cookie))
      #expect(page.text.contains("/srv/acme"))
      #expect(!page.text.contains("id=\"scan-form\""))
      let scan = try await server.get("/scans/\(cast.scan)", as: .cookie(session.cookie))
      #expect(scan.status == 200)
      #expect(!scan.text.contains("popovertarget"))
      let refused = try await server.postForm(
        "/scans/\(cast.scan)/cancel", "csrf_token=\(session.csrf)",
        headers: [("Sec-Fetch-Site", "same-origin")], as: .cookie(session.cookie))
      #expect(refused.problem == "not-permitted")
      _ = try await server.post("/api/v1/tokens/\(cast.viewerID)/revoke")
      #expect(try await server.get("/", as: .cookie(session.cookie)).status == 401)
      let led = try await server.get(
        "/", headers: [("Accept", "text/html")], as: .cookie(session.cookie))
      #expect(led.headers.first(name: "location") == "/sign-in")
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func peopleSignInWithPasswords(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let cast = try await Cast(server)
      let password = "correct horse battery"
      for tenant in ["acme", "other"] {
        let answer =
          tenant == "acme"
          ? try await server.post(
            "/api/v1/users",
            ["name": "ann", "role": "operator", "tenant": "acme", "password": .string(password)],
            as: cast.credentials("admin", "acme"))
          : try await server.post(
            "/api/v1/users/ann/role", ["role": "viewer", "tenant": "other"])
        #expect([200, 201].contains(answer.status), "\(answer.text)")
        #expect(!answer.text.contains("scrypt"))
      }
      let short = try await server.post(
        "/api/v1/users", ["name": "bob", "role": "viewer", "password": "short"])
      #expect(try short.json["field"] == "password")

      let here = [("Sec-Fetch-Site", "same-origin")]
      func signIn(_ form: String) async throws -> Answer {
        try await server.postForm("/sign-in", form, headers: here)
      }
      let wrong = try await signIn("name=ann&password=wrong")
      let nobody = try await signIn("name=nobody&password=wrong")
      #expect(wrong.status == 401)
      #expect(nobody.status == 401)
      #expect(wrong.text.contains("do not belong together"))
      let cookie = try #require(try await signIn("name=ann&password=\(password)").cookie)
      let me = try await server.get("/api/v1/me", as: .cookie(cookie)).json
      #expect(me == ["actor": "user:ann", "role": "operator", "tenant": "acme"])
      let there = try #require(
        try await signIn("name=ann&password=\(password)&tenant=other").cookie)
      let other = try await server.get("/api/v1/me", as: .cookie(there)).json
      #expect(other == ["actor": "user:ann", "role": "viewer", "tenant": "other"])
      #expect(
        try await server.get("/api/v1/scans/\(cast.scan)", as: .cookie(there)).status == 404)

      // To another tenant's admin somebody who has no role there is not there.
      for body in [["role": "viewer"], ["role": nil]] as [JSONValue] {
        let unknown = try await server.post(
          "/api/v1/users/eve/role", body, as: cast.credentials("admin", "other"))
        #expect(unknown.problem == "user-not-found")
      }
      _ = try await server.store.addUser(
        UserDraft(
          name: "eve", passwordHash: "none", role: .viewer, scope: .only("acme"),
          createdBy: "test"))
      let foreign = try await server.post(
        "/api/v1/users/eve/role", ["role": "viewer"], as: cast.credentials("admin", "other"))
      #expect(foreign.problem == "user-not-found")
      #expect(!foreign.text.contains("acme"))
      // Nor is what she is elsewhere in an answer or in the log.
      let changed = try await server.post(
        "/api/v1/users/ann/role", ["role": "viewer"], as: cast.credentials("admin", "other"))
      #expect(try changed.json["roles"] == ["other": "viewer"])
      let log = try await server.get("/api/v1/audit-log", as: cast.credentials("admin", "other"))
      #expect(log.status == 200 && !log.text.contains("acme"))

      // One tenant's admin neither sees what she is elsewhere, nor sets her password.
      let users = try await server.get(
        "/api/v1/users", as: cast.credentials("admin", "acme")
      ).json["items"]?.arrayValue
      #expect(users?.map { $0["roles"] } == [["acme": "operator"], ["acme": "viewer"]])
      let refused = try await server.post(
        "/api/v1/users/ann/password", ["password": "another password"],
        as: cast.credentials("admin", "acme"))
      #expect(refused.problem == "user-not-found")

      _ = try await server.post(
        "/api/v1/users/ann/role", ["role": nil, "tenant": "other"],
        as: cast.credentials("admin", "other"))
      #expect(try await server.get("/api/v1/me", as: .cookie(there)).status == 401)
      #expect(try await server.get("/api/v1/me", as: .cookie(cookie)).status == 200)
      let fresh = try await server.post(
        "/api/v1/users/ann/password", ["password": "another password"],
        as: cast.credentials("admin", "acme"))
      #expect(fresh.status == 200)
      #expect(try await server.get("/api/v1/me", as: .cookie(cookie)).status == 401)
    }
  }

  /// Passwords are hashed slowly on purpose, and one at a time: as few of them as will do.
  @Test func somebodySetsAPasswordOfTheirOwn() async throws {
    try await TestServer.run { server in
      try await server.addTenant("acme")
      let (old, new) = ("correct horse battery", "another password")
      _ = try await server.post(
        "/api/v1/users", ["name": "ann", "role": "viewer", "password": .string(old)])
      _ = try await server.post("/api/v1/users/ann/role", ["role": "viewer", "tenant": "acme"])
      let here = [("Sec-Fetch-Site", "same-origin")]
      let signedIn = try await server.postForm(
        "/sign-in", "name=ann&password=\(old)", headers: here)
      let cookie = try #require(signedIn.cookie)
      let account = try await server.get("/account", as: .cookie(cookie)).text
      #expect(account.contains("user:ann") && account.contains("viewer in acme"))
      let csrf = try #require(
        account.firstMatch(of: /name="csrf-token" content="([^"]+)"/).map { String($0.output.1) })
      func change(_ from: String, _ to: String) async throws -> Answer {
        try await server.post(
          "/api/v1/me/password", ["current_password": .string(from), "password": .string(to)],
          headers: here + [("X-CSRF-Token", csrf)], as: .cookie(cookie))
      }
      #expect(try await change("wrong", new).json["field"] == "current_password")
      let form = try await server.postForm(
        "/account", "csrf_token=\(csrf)&current_password=\(old)&password=short", headers: here,
        as: .cookie(cookie))
      #expect(form.status == 400 && form.text.contains("must have at least 12 characters"))
      let before = try await server.store.credentials(ofUser: "ann")?.passwordHash
      #expect(try await change(old, new).status == 204)
      #expect(try await server.get("/api/v1/me", as: .cookie(cookie)).status == 401)
      let after = try #require(try await server.store.credentials(ofUser: "ann"))
      #expect(after.passwordHash != before && after.passwordHash.hasPrefix("scrypt$"))
      #expect(after.user.roles.count == 2)
      let log = try await server.get("/api/v1/audit-log?action=user.password").json["items"]
      #expect(log?.arrayValue?.first?["actor"] == "user:ann")
      // A token has none.
      let none = try await server.post(
        "/api/v1/me/password", ["current_password": .string(old), "password": .string(new)])
      #expect(none.problem == "user-not-found")
    }
  }

  @Test func whoAsksTooMuchWaits() async throws {
    let limit = RateLimit(perSecond: 0.001, burst: 5)
    try await TestServer.run(callerLimit: limit, addressLimit: limit) { server in
      let eager = try await server.makeToken("eager", "viewer")
      for _ in 0..<5 {
        #expect(try await server.get("/api/v1/me", as: eager.credentials).status == 200)
        #expect(try await server.get("/api/v1/me", as: .none).status == 401)
      }
      for credentials in [eager.credentials, .none] {
        let refused = try await server.get("/api/v1/me", as: credentials)
        #expect(refused.status == 429)
        #expect(refused.problem == "too-many-requests")
        let wait = try #require(refused.headers.first(name: "retry-after").flatMap(Int.init))
        #expect((900...1000).contains(wait))
      }
      // Others are not held up, and health is never refused.
      #expect(try await server.get("/api/v1/me").status == 200)
      #expect(try await server.get("/health", as: .none).status == 200)
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func everyActionIsInTheAuditLog(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let cast = try await Cast(server)
      let act = try await server.post(
        "/api/v1/scans/\(cast.scan)/cancel", ["reason": "not now"],
        headers: [("X-Request-ID", "r-1")], as: cast.credentials("operator", "acme"))
      #expect(act.status == 200)
      let admin = cast.credentials("admin", "acme")
      let log = try await server.get("/api/v1/audit-log?limit=1", as: admin).json
      var entry = try #require(log["items"]?.arrayValue?.first?.objectValue)
      entry["id"] = nil
      entry["at"] = nil
      #expect(
        entry == [
          "tenant": "acme", "actor": "token:operator-acme", "address": "127.0.0.1",
          "request_id": "r-1", "action": "scan.cancel", "object": .string("scan \(cast.scan)"),
          "before": [
            "status": "pending", "kind": "library", "target": "/srv/acme", "reason": "not now",
          ],
          "after": [
            "status": "cancelled", "kind": "library", "target": "/srv/acme", "reason": "not now",
          ],
        ])
      let made = try await server.get("/api/v1/audit-log?action=token.create").json
      #expect(made["items"]?.arrayValue?.count == cast.members.count + 1)
      let others = try await server.get(
        "/api/v1/audit-log", as: cast.credentials("admin", "other")
      ).json["items"]?.arrayValue
      #expect(others?.allSatisfy { $0["tenant"] == "other" } == true)
    }
  }

  // MARK: -

  /// Sends what the address takes, and nothing in it: a JSON object to the API, a form to the pages.
  private static func send(
    _ method: HTTPMethod, _ path: String, to server: TestServer,
    as credentials: TestServer.Credentials
  ) async throws -> Answer {
    if method == .GET { return try await server.get(path, as: credentials) }
    guard path.hasPrefix("/api/") else {
      return try await server.postForm(path, "x=1", as: credentials)
    }
    return try await server.send(method, path, json: [:], as: credentials)
  }

  private static func routeNames(of server: TestServer) async throws -> [String] {
    let configuration = ServerConfiguration(
      port: 0, dataDirectory: server.folder.path("data"), version: "1")
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try await HoldfastServer(
      store: server.store, configuration: configuration, logger: logger, cleanup: NoCleanup(),
      activity: server.store as? SQLStore
    ).routeNames()
  }
}

/// Everybody who could call: each role of two tenants, and those who are nobody, with a scan of the tenant `acme`.
private struct Cast: Sendable {
  struct Member: Sendable {
    var name: String
    var role: Role
    var tenant: String
    var credentials: TestServer.Credentials
    /// Whether it comes with an access token, which opens no session.
    var isService = false

    func may(_ access: RouteAccess) -> Bool {
      switch access {
      case .open: true
      case .role(let needed): role >= needed
      case .workers: role == .worker || role >= .operator && tenant == "*"
      case .viewersAndWorkers: true
      case .installation: role == .admin && tenant == "*"
      }
    }
  }

  var members: [Member] = []
  var nobodies: [(String, TestServer.Credentials)] = []
  var scan: Int64 = 0
  var viewerID = ""
  /// A token of `acme` that nobody comes with.
  var spareID = ""

  init(_ server: TestServer) async throws {
    try await server.addTenant("acme")
    try await server.addTenant("other")
    // The others come first: what they name is still there, then.
    for tenant in ["other", "acme", "*"] {
      for role in Role.allCases {
        let name = "\(role.rawValue)-\(tenant == "*" ? "all" : tenant)"
        let made = try await server.makeToken(name, role.rawValue, tenant: tenant)
        if name == "viewer-acme" { viewerID = made.id }
        members.append(
          Member(name: name, role: role, tenant: tenant, credentials: made.credentials))
      }
    }
    let submitted = try await server.post(
      "/api/v1/scans", ["kind": "library", "target": "/srv/acme"],
      as: credentials("operator", "acme"))
    guard let number = try submitted.json["number"]?.intValue else {
      throw TestServer.Failure("no scan: \(submitted.text)")
    }
    scan = number
    spareID = try await server.makeToken("spare", "viewer", tenant: "acme").id
    let scheduled = try await server.post(
      "/api/v1/schedules",
      ["name": "nightly", "kind": "library", "target": "/srv/acme", "every_seconds": 86_400],
      as: credentials("operator", "acme"))
    guard scheduled.status == 201 else {
      throw TestServer.Failure("no schedule: \(scheduled.text)")
    }
    nobodies = [("nobody", .none), ("a forged token", .bearer(AdminToken.make()))]
    for tenant in ["acme"] {
      let expired = AdminToken.make()
      _ = try await server.store.createToken(
        TokenDraft(
          name: "expired", hash: Secrets.hash(expired), role: .admin, scope: .only(tenant),
          expiresInSeconds: -1, createdBy: "test"))
      let revoked = AdminToken.make()
      _ = try await server.store.createToken(
        TokenDraft(
          name: "revoked", hash: Secrets.hash(revoked), role: .admin, scope: .all,
          expiresInSeconds: nil, createdBy: "test"))
      _ = try await server.store.revokeToken("revoked", by: "test")
      nobodies += [("expired", .bearer(expired)), ("revoked", .bearer(revoked))]
    }
  }

  /// Those who come with access tokens that somebody else has signed, and those whose access tokens are wrong.
  mutating func addServices(of issuer: TestIssuer) async throws {
    let roles = [
      ("acme", Role.viewer), ("acme", .operator), ("acme", .admin), ("other", .admin),
      ("*", .admin),
    ]
    for (tenant, role) in roles {
      let token = try await issuer.token(
        TestIssuer.claims(["tenant": .string(tenant), "role": .string(role.rawValue)]))
      members.append(
        Member(
          name: "service-\(role.rawValue)-\(tenant)", role: role, tenant: tenant,
          credentials: .bearer(token), isService: true))
    }
    let wrong: [(String, [String: JSONValue], kid: String)] = [
      ("an expired access token", ["exp": 1_000_000_000, "iat": nil], "k1"),
      ("an access token for others", ["aud": "others"], "k1"),
      ("an access token of an unknown key", [:], "k0"),
    ]
    for (who, changes, kid) in wrong {
      let token = try await issuer.token(TestIssuer.claims(changes), kid: kid)
      nobodies.append((who, .bearer(token)))
    }
  }

  func credentials(_ role: String, _ tenant: String) -> TestServer.Credentials {
    members.first { $0.role.rawValue == role && $0.tenant == tenant }?.credentials ?? .none
  }

  /// A route's path for the scan of `acme`.
  func path(_ pattern: String) -> String {
    let isToken = pattern.hasPrefix("/api/v1/tokens")
    let isSchedule = pattern.hasPrefix("/api/v1/schedules")
    return pattern.replacing("{id}", with: isToken ? spareID : String(scan))
      .replacing("{name}", with: isSchedule ? "nightly" : "scope-held").replacing(
        "{kind}", with: "library"
      )
      .replacing("{hash}", with: "abc")
  }
}

/// Makes the routes of a cleanup; none of it is asked for.
private struct NoCleanup: CleanupService {
  func seen(by caller: Caller) -> NoCleanup { self }

  func health() async throws(StoreError) -> HealthReport { throw .unavailable("not asked for") }

  func clean(
    _ limits: CleanupLimits, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> CleanupReport { throw .unavailable("not asked for") }

  func plan(
    _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits
  ) async throws(StoreError) -> RecoveryPlan { throw .unavailable("not asked for") }

  func apply(
    _ hash: String, _ filter: RecoveryPlan.Filter, _ limits: CleanupLimits, by actor: String
  ) async throws(StoreError) -> PlanApplication { throw .unavailable("not asked for") }

  func check(
    kind: String, target: String, ageHours: Double?
  ) async throws(StoreError) -> PreScanCheck { throw .unavailable("not asked for") }

  func submitIfSafe(
    _ request: ScanRequest, ageHours: Double?, by actor: String
  ) async throws(StoreError) -> SafeSubmission { throw .unavailable("not asked for") }

  func sweepLeader() async throws(StoreError) -> String? { throw .unavailable("not asked for") }

  func resetFailed(
    kind: String?, dryRun: Bool, by actor: String
  ) async throws(StoreError) -> ResetSummary { throw .unavailable("not asked for") }

  func resumeStuck(
    _ id: ScanID, by actor: String, reason: String?
  ) async throws(StoreError) -> StuckResumption { throw .unavailable("not asked for") }

  func unlock(
    _ scope: String, of tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome { throw .unavailable("not asked for") }

  func why(
    _ scan: Scan, waitSeconds: Double
  ) async throws(StoreError) -> any Encodable & Sendable { throw .unavailable("not asked for") }
}
