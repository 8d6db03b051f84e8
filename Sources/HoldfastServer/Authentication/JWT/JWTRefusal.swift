/// Why an access token is not accepted.
enum JWTRefusal: Error, Sendable, Hashable {
  case malformed
  case unknownIssuer
  case noKeyID
  case unknownKey(String)
  /// What the token says it was signed with is not what the key is for; `none` is so always.
  case wrongAlgorithm(String)
  /// It has extensions that must be understood (`crit`), and none is.
  case criticalExtension
  /// It is a token of another use, such as one that ends sessions.
  case wrongType(String)
  case badSignature
  case wrongAudience
  case noExpiry
  case expired
  case notYetValid
  case tooLong(most: Double)
  case noSubject
  case noRole
  case noTenant
  case tenantNotThere(String)
}

extension JWTRefusal: CustomStringConvertible {
  /// A sentence for whoever sent the token. What it quotes is the token's own.
  var description: String {
    switch self {
    case .malformed: "The access token is no signed JWT in its compact form."
    case .unknownIssuer: "The access token's issuer (iss) is not one that this server trusts."
    case .noKeyID: "The access token does not name its key (kid in its header)."
    case .unknownKey(let kid):
      "The access token's key “\(String(kid.prefix(80)).visible)” is not one of its issuer's here."
    case .wrongAlgorithm(let name):
      "The access token's algorithm “\(String(name.prefix(20)).visible)” is not its key's."
    case .criticalExtension: "The access token asks for extensions (crit) that are not known here."
    case .wrongType(let name):
      "A token of the type “\(String(name.prefix(40)).visible)” is no access token."
    case .badSignature: "The access token's signature is not right."
    case .wrongAudience: "The access token is for another audience (aud)."
    case .noExpiry: "The access token has no end (exp); it must have one."
    case .expired: "The access token has expired."
    case .notYetValid: "The access token is not valid yet (nbf, iat)."
    case .tooLong(let most):
      "The access token lives longer than the \(Words.duration(most)) that are accepted here."
    case .noSubject:
      "The access token's subject (sub) must be a text of 1 to 200 printable characters."
    case .noRole: "The access token's claims give no role here."
    case .noTenant: "The access token's claims name no tenant that its issuer may speak for."
    case .tenantNotThere(let name): "The access token's tenant “\(name.visible)” is not there."
    }
  }
}
