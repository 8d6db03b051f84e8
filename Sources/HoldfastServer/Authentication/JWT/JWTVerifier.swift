import HoldfastCore
import JWTKit
import Logging

/// Checks access tokens of services: signed by a trusted issuer's key, for this audience, within their time.
struct JWTVerifier: Sendable {
  private struct Trusted: Sendable {
    var issuer: JWTIssuer
    var keys: JWTKeyring
  }

  /// By what the claim `iss` says.
  private let trusted: [String: Trusted]

  static func start(
    _ issuers: [JWTIssuer], logger: Logger
  ) async throws(ServerError) -> JWTVerifier {
    var trusted: [String: Trusted] = [:]
    for issuer in issuers {
      trusted[issuer.issuer] = Trusted(
        issuer: issuer, keys: try await JWTKeyring.start(issuer, logger: logger))
    }
    return JWTVerifier(trusted: trusted)
  }

  /// Whether a text could be a token for this: three parts, the first of them an object's beginning (`{"`) in base64url.
  static func isCandidate(_ text: String) -> Bool {
    text.hasPrefix("ey") && text.utf8.count { $0 == UInt8(ascii: ".") } == 2
  }

  /// - Parameter now: seconds since 1970 by this machine's clock.
  func grant(_ token: String, now: Double) async throws(JWTRefusal) -> JWTGrant {
    let header: JWTHeader
    let unproved: JWTClaims
    do {
      (header, unproved, _) = try DefaultJWTParser().parse(
        Array(token.utf8), as: JWTClaims.self)
    } catch {
      throw .malformed
    }
    guard header.fields["crit"] == nil else { throw .criticalExtension }
    if let type = header.typ, !Self.types.contains(type.lowercased()) { throw .wrongType(type) }
    guard let name = unproved.json["iss"]?.stringValue, let trusted = trusted[name] else {
      throw .unknownIssuer
    }
    guard let kid = header.kid, !kid.isEmpty else { throw .noKeyID }
    guard let key = await trusted.keys.key(kid) else { throw .unknownKey(kid) }
    guard header.alg == key.algorithm else { throw .wrongAlgorithm(header.alg ?? "") }
    let claims = try await key.claims(of: token)
    return try trusted.issuer.grant(claims.json, keyID: kid, now: now)
  }

  /// Whether what a token proved when it was shown still holds.
  func stillHolds(_ grant: JWTGrant, now: Double) async -> Bool {
    guard now < grant.expires,
      let trusted = trusted.values.first(where: { $0.issuer.name == grant.issuer })
    else { return false }
    return await trusted.keys.key(grant.keyID) != nil
  }

  /// What `typ` may be (RFC 9068, 2.1; RFC 7519, 5.1): tokens of other uses name another.
  private static let types: Set<String> = ["jwt", "at+jwt", "application/at+jwt"]
}
