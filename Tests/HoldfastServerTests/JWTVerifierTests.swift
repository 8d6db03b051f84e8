import Foundation
import HoldfastCore
import HoldfastTestKit
import JWTKit
import Logging
import Testing

@testable import HoldfastServer

/// Which access tokens are accepted, and for what; each way of being wrong has its own refusal.
@Suite(.timeLimit(.minutes(1))) struct JWTVerifierTests {
  static let now = 1_800_000_000.0

  @Test func aTokenIsWorthWhatItsClaimsSay() async throws {
    let issuer = try TestIssuer()
    let verifier = try await Self.verifier(issuer.trust)
    let grant = try await verifier.grant(
      try await issuer.token(TestIssuer.claims(now: Self.now)), now: Self.now)
    #expect(
      grant
        == JWTGrant(
          issuer: "ci", subject: "build-7", keyID: "k1", expires: Self.now + 630, role: .operator,
          scope: .only("acme")))
    #expect(await verifier.stillHolds(grant, now: Self.now + 629))
    #expect(await !verifier.stillHolds(grant, now: Self.now + 630))
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var changes: [String: JSONValue]
    var refusal: JWTRefusal
    var testDescription: String { "\(refusal)" }
  }

  static let wrong: [Wrong] = [
    Wrong(changes: ["iss": "https://evil.example/"], refusal: .unknownIssuer),
    Wrong(changes: ["iss": nil], refusal: .unknownIssuer),
    Wrong(changes: ["aud": "another"], refusal: .wrongAudience),
    Wrong(changes: ["aud": ["another", "holdfast2"]], refusal: .wrongAudience),
    Wrong(changes: ["aud": nil], refusal: .wrongAudience),
    Wrong(changes: ["exp": nil], refusal: .noExpiry),
    Wrong(changes: ["exp": "1900000000"], refusal: .noExpiry),
    Wrong(changes: ["exp": .double(now - 30)], refusal: .expired),
    Wrong(changes: ["nbf": .double(now + 31)], refusal: .notYetValid),
    Wrong(changes: ["nbf": "tomorrow"], refusal: .notYetValid),
    Wrong(changes: ["iat": .double(now + 31)], refusal: .notYetValid),
    Wrong(changes: ["exp": .double(now + 3631)], refusal: .tooLong(most: 3600)),
    Wrong(changes: ["iat": .double(now - 3600)], refusal: .tooLong(most: 3600)),
    Wrong(changes: ["sub": ""], refusal: .noSubject),
    Wrong(changes: ["sub": 7], refusal: .noSubject),
    Wrong(changes: ["sub": "a\nb"], refusal: .noSubject),
    Wrong(changes: ["role": "root"], refusal: .noRole),
    Wrong(changes: ["role": nil], refusal: .noRole),
    Wrong(changes: ["tenant": "default"], refusal: .noTenant),
    Wrong(changes: ["tenant": ["acme", "other"]], refusal: .noTenant),
    Wrong(changes: ["tenant": nil], refusal: .noTenant),
  ]

  @Test(arguments: wrong)
  func claimsThatAreWrongAreRefused(_ wrong: Wrong) async throws {
    let issuer = try TestIssuer()
    let verifier = try await Self.verifier(issuer.trust)
    let token = try await issuer.token(TestIssuer.claims(wrong.changes, now: Self.now))
    await #expect(throws: wrong.refusal) { try await verifier.grant(token, now: Self.now) }
  }

  @Test func theLeewayIsForBothEnds() async throws {
    let issuer = try TestIssuer()
    let verifier = try await Self.verifier(issuer.trust)
    let changes: [String: JSONValue] = [
      "exp": .double(Self.now - 29), "nbf": .double(Self.now - 600),
    ]
    for change in [changes, ["nbf": .double(Self.now + 29)]] {
      let token = try await issuer.token(TestIssuer.claims(change, now: Self.now))
      _ = try await verifier.grant(token, now: Self.now)
    }
  }

  /// What the header says decides nothing: the key has its algorithm.
  @Test func theHeaderCannotChooseTheAlgorithm() async throws {
    let issuer = try TestIssuer()
    let verifier = try await Self.verifier(issuer.trust)
    let claims = TestIssuer.claims(now: Self.now)
    // The public key, which everybody knows, as a shared secret.
    let shared = JWTKeyCollection()
    let pem = issuer.elliptic.publicKey.pemRepresentation
    await shared.add(hmac: HMACKey(from: pem), digestAlgorithm: .sha256)
    let none = JWTKeyCollection()
    await none.addUnsecuredNone()
    let elliptic = JWTKeyCollection()
    await elliptic.add(ecdsa: issuer.elliptic)
    for (header, keys, refusal) in [
      (["alg": "HS256", "kid": "k1"], shared, .wrongAlgorithm("HS256")),
      (["alg": "none", "kid": "k1"], none, .wrongAlgorithm("none")),
      (["alg": "None", "kid": "k1"], none, .wrongAlgorithm("None")),
      (["kid": "k1"], elliptic, .wrongAlgorithm("")),
      (["alg": "ES384", "kid": "k1"], elliptic, .wrongAlgorithm("ES384")),
      (["alg": "ES256", "kid": "k1"], shared, .badSignature),
      (["alg": "ES256", "kid": "k1"], none, .badSignature),
      (["alg": "ES256"], elliptic, .noKeyID),
      (["alg": "ES256", "kid": ""], elliptic, .noKeyID),
      (["alg": "ES256", "kid": "k2"], elliptic, .unknownKey("k2")),
      (["alg": "ES256", "kid": "k1", "typ": "logout+jwt"], elliptic, .wrongType("logout+jwt")),
      (["alg": "ES256", "kid": "k1", "crit": ["exp"]], elliptic, .criticalExtension),
    ] as [(JSONValue, JWTKeyCollection, JWTRefusal)] {
      let token = try await TestIssuer.token(header, claims, signedBy: keys)
      await #expect(throws: refusal, "\(header)") {
        try await verifier.grant(token, now: Self.now)
      }
    }
  }

  @Test func whatIsChangedAfterTheSignatureIsRefused() async throws {
    let issuer = try TestIssuer()
    let verifier = try await Self.verifier(issuer.trust)
    let token = try await issuer.token(TestIssuer.claims(["role": "viewer"], now: Self.now))
    var parts = token.split(separator: ".").map(String.init)
    parts[1] = try TestIssuer.encoded(TestIssuer.claims(["role": "admin"], now: Self.now))
    await #expect(throws: JWTRefusal.badSignature) {
      try await verifier.grant(parts.joined(separator: "."), now: Self.now)
    }
    // Another's key under the same name.
    let other = try await TestIssuer().token(TestIssuer.claims(now: Self.now))
    await #expect(throws: JWTRefusal.badSignature) {
      try await verifier.grant(other, now: Self.now)
    }
    for text in ["ey.ey.ey", "eyJ9..", "e30.e30.e30", "\(parts[0]).\(parts[1])."] {
      await #expect(throws: JWTRefusal.self, "\(text)") {
        try await verifier.grant(text, now: Self.now)
      }
    }
  }

  /// Every algorithm from its own file of PEM, and from one key set that also holds what is for other uses.
  @Test func eachAlgorithmHasItsKey() async throws {
    let issuer = try TestIssuer()
    let edwards = try EdDSA.PrivateKey()
    let rsa = try Insecure.RSA.PrivateKey(pem: TestKeys.rsa)
    try issuer.write(edwards.publicKey.pemRepresentation, to: "edwards.pem")
    try issuer.write(TestKeys.rsaPublic, to: "rsa.pem")
    var trust = issuer.trust
    trust.keyFiles["ed"] = issuer.folder.path("edwards.pem")
    trust.keyFiles["rsa"] = issuer.folder.path("rsa.pem")
    let point = try #require(issuer.elliptic.parameters)
    let x = Secrets.base64URL(Array(edwards.publicKey.rawRepresentation))
    let set: JSONValue = [
      "keys": [
        [
          "kty": "EC", "crv": "P-256", "kid": "s-ec", "x": .string(Self.url(point.x)),
          "y": .string(Self.url(point.y)), "use": "sig",
        ],
        ["kty": "OKP", "crv": "Ed25519", "kid": "s-ed", "x": .string(x), "alg": "EdDSA"],
        ["kty": "RSA", "kid": "enc", "use": "enc", "n": "AQAB", "e": "AQAB"],
        ["kty": "OKP", "crv": "X25519", "kid": "later", "x": .string(x)],
      ]
    ]
    try issuer.write(String(decoding: JSONEncoder().encode(set), as: UTF8.self), to: "jwks.json")
    trust.keySetFile = issuer.folder.path("jwks.json")
    let verifier = try await Self.verifier(trust)
    let keys = (JWTKeyCollection(), JWTKeyCollection(), JWTKeyCollection())
    await keys.0.add(ecdsa: issuer.elliptic)
    await keys.1.add(eddsa: edwards)
    await keys.2.add(rsa: rsa, digestAlgorithm: .sha256)
    for (kid, algorithm, keys) in [
      ("k1", "ES256", keys.0), ("ed", "EdDSA", keys.1), ("rsa", "RS256", keys.2),
      ("s-ec", "ES256", keys.0), ("s-ed", "EdDSA", keys.1),
    ] {
      let token = try await TestIssuer.token(
        ["alg": .string(algorithm), "kid": .string(kid)], TestIssuer.claims(now: Self.now),
        signedBy: keys)
      #expect(try await verifier.grant(token, now: Self.now).keyID == kid)
    }
    for kid in ["enc", "later"] {
      let token = try await issuer.token(TestIssuer.claims(now: Self.now), kid: kid)
      await #expect(throws: JWTRefusal.unknownKey(kid)) {
        try await verifier.grant(token, now: Self.now)
      }
    }
  }

  @Test func filesThatCannotBeTrustedStopTheStart() async throws {
    let issuer = try TestIssuer()
    func problem(_ text: String, isSet: Bool = false, mode: Int = 0o644) async throws -> String {
      try issuer.write(text, to: "key")
      let path = issuer.folder.path("key")
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      var trust = issuer.trust
      if isSet { trust.keySetFile = path } else { trust.keyFiles = ["k": path] }
      do {
        _ = try await Self.verifier(trust)
        return "nothing"
      } catch let error as ServerError {
        return "\(error)"
      }
    }
    let pem = issuer.elliptic.publicKey.pemRepresentation
    #expect(try await problem(pem) == "nothing")
    #expect(try await problem(pem, mode: 0o666).contains("writable by nobody else"))
    #expect(try await problem(issuer.elliptic.pemRepresentation).contains("a private key"))
    #expect(try await problem(TestKeys.smallPublic).contains("2048 bits or more"))
    #expect(try await problem("{}", isSet: true).contains("no list “keys”"))
    #expect(
      try await problem(
        #"{"keys": [{"kty": "oct", "kid": "s", "k": "c2VjcmV0"}]}"#, isSet: true
      ).contains("is not public"))
    #expect(
      try await problem(#"{"keys": [{"kty": "OKP", "crv": "Ed25519"}]}"#, isSet: true)
        .contains("without a “kid”"))
  }

  @Test func aFileThatIsHalfWrittenChangesNothing() async throws {
    let issuer = try TestIssuer()
    let keyring = try await JWTKeyring.start(issuer.trust, interval: .zero, logger: Self.logger)
    let pem = issuer.elliptic.publicKey.pemRepresentation
    #expect(await keyring.key("k1") != nil)
    try issuer.write(String(pem.prefix(60)), to: "elliptic.pem")
    #expect(await keyring.key("k1") != nil)
    try FileManager.default.removeItem(atPath: issuer.folder.path("elliptic.pem"))
    #expect(await keyring.key("k1") == nil)
    try issuer.write(String(pem.prefix(60)), to: "elliptic.pem")
    #expect(await keyring.key("k1") == nil)
    try issuer.write(pem, to: "elliptic.pem")
    #expect(await keyring.key("k1") != nil)
  }

  @Test func rolesAndTenantsAsTheOperatorMapsThem() throws {
    var trust = JWTIssuer(
      name: "x", issuer: "i", audience: "a",
      role: .claim("realm_access.roles", roles: ["ops": .admin, "dev": .operator]),
      tenant: .fixed("acme"))
    func grant(_ claims: [String: JSONValue]) throws -> JWTGrant {
      let base: [String: JSONValue] = ["iss": "i", "aud": ["b", "a"], "sub": "s", "exp": 100]
      return try trust.grant(
        .object(base.merging(claims) { $1 }), keyID: "k", now: 50)
    }
    let nested: JSONValue = ["roles": ["dev", "ops", "cook"]]
    #expect(try grant(["realm_access": nested]).role == .admin)
    #expect(try grant(["realm_access.roles": "dev"]).role == .operator)
    #expect(throws: JWTRefusal.noRole) { try grant(["roles": ["ops"]]) }
    trust.role = .claim("scope", roles: ["holdfast:read": .viewer])
    trust.tenant = .fixed("*")
    let scoped = try grant(["scope": "openid holdfast:read"])
    #expect(scoped.role == .viewer)
    #expect(scoped.scope == .all)
    trust.role = .fixed(.viewer)
    #expect(try grant([:]).role == .viewer)
  }

  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private static func verifier(_ issuer: JWTIssuer) async throws -> JWTVerifier {
    try await JWTVerifier.start([issuer], logger: logger)
  }

  /// JWTKit gives the coordinates as base64.
  private static func url(_ base64: String) -> String {
    base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}
