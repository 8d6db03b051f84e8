import Foundation
import HoldfastCore
import HoldfastServer
import HoldfastTestKit
import JWTKit
import NIOHTTP1
import Testing

/// Access tokens of services at the running server.
@Suite(.timeLimit(.minutes(2))) struct JWTServerTests {
  @Test(arguments: TestDatabase.allCases)
  func aServiceActsUnderItsName(_ database: TestDatabase) async throws {
    let issuer = try TestIssuer()
    try await TestServer.run(
      on: database, configure: { $0.jwtIssuers = [issuer.trust] }
    ) { server in
      try await server.addTenant("acme")
      let service = TestServer.Credentials.bearer(try await issuer.token(TestIssuer.claims()))
      let me = try await server.get("/api/v1/me", as: service).json
      #expect(me == ["actor": "jwt:ci:build-7", "role": "operator", "tenant": "acme"])
      let scan = try await server.post(
        "/api/v1/scans", ["kind": "library", "target": "/srv/a"], as: service)
      #expect(scan.status == 201)
      #expect(try scan.json["tenant_id"] == "acme")
      let log = try await server.get("/api/v1/audit-log?limit=1").json["items"]?.arrayValue
      #expect(log?.first?["actor"] == "jwt:ci:build-7")

      // It opens no session, by neither way.
      #expect(try await server.post("/api/v1/sign-in-codes", as: service).status == 401)
      guard case .bearer(let token) = service else { return }
      let form = try await server.postForm(
        "/sign-in", "token=\(token)", headers: [("Sec-Fetch-Site", "same-origin")])
      #expect(form.status == 401)
      #expect(form.cookie == nil)

      let gone = try await issuer.token(TestIssuer.claims(["tenant": "nowhere"]))
      let refused = try await server.get("/api/v1/me", as: .bearer(gone))
      #expect(refused.status == 401)
      #expect(refused.text.contains("“nowhere” is not there"))
      #expect(
        refused.headers.first(name: "www-authenticate")
          == "Bearer realm=\"holdfast\", error=\"invalid_token\"")
      #expect(!refused.text.contains(gone))
    }
  }

  @Test func withoutATrustedIssuerNoneIsAccepted() async throws {
    let issuer = try TestIssuer()
    try await TestServer.run { server in
      let token = try await issuer.token(TestIssuer.claims(["tenant": "*"]))
      #expect(try await server.get("/api/v1/me", as: .bearer(token)).status == 401)
    }
  }

  /// A new key counts and an old one ends without a restart.
  @Test func keysAreTakenFromTheirFilesAsTheyChange() async throws {
    let issuer = try TestIssuer()
    let next = ES256PrivateKey()
    try issuer.write(try Self.keySet(["old": issuer.elliptic]), to: "jwks.json")
    var trust = issuer.trust
    trust.keyFiles = [:]
    trust.keySetFile = issuer.folder.path("jwks.json")
    try await TestServer.run(configure: { [trust] in $0.jwtIssuers = [trust] }) { server in
      let claims = TestIssuer.claims(["tenant": "*", "role": "viewer"])
      let keys = JWTKeyCollection()
      await keys.add(ecdsa: next)
      let tokens = (
        old: try await issuer.token(claims, kid: "old"),
        new: try await TestIssuer.token(["alg": "ES256", "kid": "new"], claims, signedBy: keys)
      )
      func status(_ token: String) async throws -> Int {
        try await server.get("/api/v1/me", as: .bearer(token)).status
      }
      func becomes(_ old: Int, _ new: Int) async throws {
        try await eventually("the old key at \(old), the new one at \(new)", within: .seconds(60)) {
          let answers = (try await status(tokens.old), try await status(tokens.new))
          return answers == (old, new) ? () : nil
        }
      }
      try await becomes(200, 401)
      try issuer.write(
        try Self.keySet(["old": issuer.elliptic, "new": next]), to: "jwks.json")
      try await becomes(200, 200)
      try issuer.write(try Self.keySet(["new": next]), to: "jwks.json")
      try await becomes(401, 200)
      try FileManager.default.removeItem(atPath: issuer.folder.path("jwks.json"))
      try await becomes(401, 401)
    }
  }

  private static func keySet(_ keys: [String: ES256PrivateKey]) throws -> String {
    let members = try keys.map { kid, key in
      let point = try #require(key.parameters)
      return JSONValue.object([
        "kty": "EC", "crv": "P-256", "kid": .string(kid), "x": .string(url(point.x)),
        "y": .string(url(point.y)),
      ])
    }
    let json = try JSONEncoder().encode(JSONValue.object(["keys": .array(members)]))
    return String(decoding: json, as: UTF8.self)
  }

  private static func url(_ base64: String) -> String {
    base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}
