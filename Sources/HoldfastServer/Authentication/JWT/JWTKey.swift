import FoundationEssentials
import HoldfastCore
import JWTKit

/// One public key, for one algorithm alone: that of the key, never that which a token asks for (RFC 8725, 3.1).
struct JWTKey: Sendable {
  /// As the header's `alg` names it.
  let algorithm: String
  /// Holds this key alone, so that nothing else can be tried.
  private let collection: JWTKeyCollection

  struct Problem: Error, Sendable, Hashable {
    var text: String
  }

  /// A public key in PEM: ES256 and ES384 for elliptic curves, EdDSA for Ed25519, RS256 for RSA from 2048 bits.
  init(pem: String) async throws(Problem) {
    guard !pem.contains("PRIVATE KEY") else {
      throw Problem(text: "holds a private key; only the public half belongs here")
    }
    let collection = JWTKeyCollection()
    if let key = try? ES256PublicKey(pem: pem) {
      await collection.add(ecdsa: key)
      algorithm = "ES256"
    } else if let key = try? ES384PublicKey(pem: pem) {
      await collection.add(ecdsa: key)
      algorithm = "ES384"
    } else if let key = try? EdDSA.PublicKey(pem: pem) {
      await collection.add(eddsa: key)
      algorithm = "EdDSA"
    } else if let key = try? Insecure.RSA.PublicKey(pem: pem) {
      await collection.add(rsa: key, digestAlgorithm: .sha256)
      algorithm = "RS256"
    } else {
      // Each of the four says of another's file only that it is not its own.
      throw Problem(
        text: "is no public key in PEM for ES256, ES384, EdDSA (Ed25519) or RS256 (2048 bits or "
          + "more)")
    }
    self.collection = collection
  }

  /// - Parameter jwk: a member of `keys` that ``isForSignatures(_:)``.
  fileprivate init(jwk: JSONValue, named kid: String) async throws(Problem) {
    guard jwk["d"] == nil, jwk["kty"]?.stringValue != "oct" else {
      throw Problem(text: "the key “\(kid.visible)” is not public")
    }
    guard let algorithm = Self.algorithm(of: jwk) else {
      throw Problem(text: "the key “\(kid.visible)” fits no algorithm that is known here")
    }
    self.algorithm = algorithm
    collection = JWTKeyCollection()
    do {
      var key = try JWK(json: String(decoding: JSONEncoder().encode(jwk), as: UTF8.self))
      key.algorithm = JWK.Algorithm(rawValue: algorithm)
      try await collection.add(jwk: key)
    } catch {
      throw Problem(text: "the key “\(kid.visible)” is broken: \(error)")
    }
  }

  /// Checks the signature, and nothing else.
  func claims(of token: String) async throws(JWTRefusal) -> JWTClaims {
    do {
      return try await collection.verify(token, as: JWTClaims.self)
    } catch {
      throw .badSignature
    }
  }

  /// The algorithms that fit each type of key and curve (RFC 7518, RFC 8037); the first is meant where `alg` is missing. There is
  /// none with a shared secret: who could check a token could make it.
  private static let algorithms = [
    "EC P-256": ["ES256"], "EC P-384": ["ES384"], "EC P-521": ["ES512"], "OKP Ed25519": ["EdDSA"],
    "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ]

  private static func fitting(_ jwk: JSONValue) -> [String] {
    let type = jwk["kty"]?.stringValue ?? ""
    let curve = type == "RSA" ? "" : " " + (jwk["crv"]?.stringValue ?? "")
    return algorithms[type + curve] ?? []
  }

  private static func algorithm(of jwk: JSONValue) -> String? {
    let fitting = fitting(jwk)
    guard let stated = jwk["alg"]?.stringValue else { return fitting.first }
    return fitting.contains(stated) ? stated : nil
  }

  /// Whether a member of a key set is for what is known here: sets hold keys for encryption, and of new kinds, too.
  fileprivate static func isForSignatures(_ jwk: JSONValue) -> Bool {
    if jwk["kty"]?.stringValue == "oct" { return true }
    if let use = jwk["use"]?.stringValue, use != "sig" { return false }
    if let stated = jwk["alg"]?.stringValue { return fitting(jwk).contains(stated) }
    return !fitting(jwk).isEmpty
  }
}

extension JWTKey {
  /// The keys of a JSON Web Key Set that are for signatures, by `kid`.
  static func keySet(_ text: String) async throws(Problem) -> [String: JWTKey] {
    let json: JSONValue
    do {
      json = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw Problem(text: "is not JSON")
    }
    guard let members = json["keys"]?.arrayValue else {
      throw Problem(text: "is no JSON Web Key Set: it has no list “keys”")
    }
    var keys: [String: JWTKey] = [:]
    for member in members where isForSignatures(member) {
      guard let kid = member["kid"]?.stringValue, !kid.isEmpty else {
        throw Problem(text: "has a key without a “kid”")
      }
      guard keys[kid] == nil else {
        throw Problem(text: "has the key “\(kid.visible)” twice")
      }
      keys[kid] = try await JWTKey(jwk: member, named: kid)
    }
    return keys
  }
}
