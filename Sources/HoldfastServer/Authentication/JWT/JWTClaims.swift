import HoldfastCore
import JWTKit

/// The claims of a token as they are; what they are worth is its issuer's to say (``JWTIssuer/grant(_:keyID:now:)``).
struct JWTClaims: JWTPayload {
  var json: JSONValue

  init(json: JSONValue) { self.json = json }

  init(from decoder: any Decoder) throws { json = try JSONValue(from: decoder) }

  func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  /// Nothing: the claims are judged after the signature, by the issuer's own rules.
  func verify(using algorithm: some JWTAlgorithm) {}
}

/// What a token proves, until it expires.
struct JWTGrant: Sendable, Hashable {
  /// The operator's name for who signed it.
  var issuer: String
  var subject: String
  /// The `kid` of the key that it was signed with.
  var keyID: String
  /// Seconds since 1970, the leeway included.
  var expires: Double
  var role: Role
  var scope: TenantScope
}

extension JWTIssuer {
  /// What a token with these claims, whose signature is right, is worth (RFC 7519, RFC 8725).
  ///
  /// - Parameter now: seconds since 1970 by this machine's clock.
  func grant(
    _ claims: JSONValue, keyID: String, now: Double
  ) throws(JWTRefusal) -> JWTGrant {
    guard claims["iss"]?.stringValue == issuer else { throw .unknownIssuer }
    guard Self.texts(claims["aud"]).contains(audience) else { throw .wrongAudience }
    let expires = try checkTimes(claims, now: now)
    guard let subject = claims["sub"]?.stringValue, Self.isSubject(subject) else {
      throw .noSubject
    }
    return JWTGrant(
      issuer: name, subject: subject, keyID: keyID, expires: expires, role: try role(claims),
      scope: try scope(claims))
  }

  /// - Returns: when it is over, the leeway included.
  private func checkTimes(_ claims: JSONValue, now: Double) throws(JWTRefusal) -> Double {
    guard let expires = claims["exp"]?.doubleValue else { throw .noExpiry }
    guard now < expires + leewaySeconds else { throw .expired }
    for name in ["nbf", "iat"] {
      guard let value = claims[name]?.nonNull else { continue }
      guard let time = value.doubleValue, time <= now + leewaySeconds else { throw .notYetValid }
    }
    let start = min(claims["iat"]?.doubleValue ?? now, now)
    guard expires - start <= longestLifeSeconds + leewaySeconds else {
      throw .tooLong(most: longestLifeSeconds)
    }
    return expires + leewaySeconds
  }

  private func role(_ claims: JSONValue) throws(JWTRefusal) -> Role {
    switch role {
    case .fixed(let role): return role
    case .claim(let name, let roles):
      let best = Self.values(of: name, in: claims).compactMap { roles[$0] }.max()
      guard let best else { throw .noRole }
      return best
    }
  }

  private func scope(_ claims: JSONValue) throws(JWTRefusal) -> TenantScope {
    switch tenant {
    case .fixed(let name): return TenantScope(name: name)
    case .claim(let name, let allowed):
      // Of several tenants none is meant more than another.
      let named = Self.values(of: name, in: claims)
      guard named.count == 1, allowed.contains(named[0]) else { throw .noTenant }
      return TenantScope(name: named[0])
    }
  }

  /// A claim's values: of a text, a list of texts, or, for `scope`, words (RFC 8693, 4.2). A name with dots that is no claim's own
  /// leads into groups, such as `realm_access.roles`.
  private static func values(of name: String, in claims: JSONValue) -> [String] {
    var value = claims[name]
    if value == nil {
      value = name.split(separator: ".").reduce(claims as JSONValue?) { $0?[String($1)] }
    }
    if name == "scope", let words = value?.stringValue {
      return words.split(separator: " ").map(String.init)
    }
    return texts(value)
  }

  private static func texts(_ value: JSONValue?) -> [String] {
    if let text = value?.stringValue { return [text] }
    return value?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  private static func isSubject(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count) && text.visible == text
  }
}
