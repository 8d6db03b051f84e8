import Crypto
import Foundation
import HTTPTypes

/// A person who has signed in, as the cookie says and its signature proves.
struct Session: Sendable, Hashable {
  /// Random; unique to this sign-in.
  var id: String
  var subject: Subject
  /// Seconds since 1970 by this machine's clock.
  var expires: Int64
  /// What writes of this session must bear.
  var csrfToken: String
}

/// Makes and reads the cookies of sessions. They are signed, not stored, so that they survive a
/// restart of the server; the key depends on the admin token's hash, so that a new token ends them
/// all.
struct SessionSigner: Sendable {
  static let cookieName = "holdfast_session"
  static let lifetimeSeconds: Int64 = 12 * 3600

  private let key: SymmetricKey

  /// - Parameters:
  ///   - secret: the text of the data directory's `session-key`.
  ///   - tokenHash: the admin token's hash.
  init(secret: String, tokenHash: String) {
    let seed = SymmetricKey(data: Data(secret.utf8))
    let code = HMAC<SHA256>.authenticationCode(for: Data(tokenHash.utf8), using: seed)
    key = SymmetricKey(data: Data(code))
  }

  /// Reads the key of the sessions, and makes it on the first start.
  static func secret(in dataDirectory: String) throws(ServerError) -> String {
    try OwnerFile.makeDirectory(dataDirectory)
    let path = dataDirectory + "/session-key"
    if let secret = try OwnerFile.read(path) {
      guard secret.utf8.count >= 43 else {
        throw .file(path: path, problem: "is too short to be a key: move it away")
      }
      return secret
    }
    let secret = Secrets.random(32)
    guard try OwnerFile.create(path, text: secret) else {
      throw .file(path: path, problem: "appeared while the server was starting: start it again")
    }
    return secret
  }

  func makeSession(for subject: Subject, now: Int64) -> Session {
    let id = Secrets.random(32)
    return Session(
      id: id, subject: subject, expires: now + Self.lifetimeSeconds, csrfToken: csrfToken(of: id))
  }

  /// The cookie's value.
  func value(of session: Session) -> String {
    let content = "v2.\(session.id).\(session.expires).\(session.subject.text)"
    return "\(content).\(Secrets.sign("session.\(content)", with: key))"
  }

  /// The session that a cookie's value proves; `nil` if it is forged, of another key, or over.
  func session(from value: String, now: Int64) -> Session? {
    let parts = value.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "v2", let expires = Int64(parts[2]), expires > now
    else { return nil }
    let content = parts.prefix(4).joined(separator: ".")
    let signature = Secrets.sign("session.\(content)", with: key)
    guard Secrets.areEqual(signature, String(parts[4])), let subject = Subject(parts[3])
    else { return nil }
    let id = String(parts[1])
    return Session(id: id, subject: subject, expires: expires, csrfToken: csrfToken(of: id))
  }

  /// Whether a session was made with this key.
  func made(_ session: Session) -> Bool {
    Secrets.areEqual(session.csrfToken, csrfToken(of: session.id))
  }

  /// HMAC of a text under this server's own key; what it is for is the text's beginning.
  func sign(_ text: String) -> String { Secrets.sign(text, with: key) }

  private func csrfToken(of id: String) -> String {
    Secrets.sign("csrf.\(id)", with: key)
  }
}

extension SessionSigner {
  /// The `Set-Cookie` of a sign-in.
  func cookie(of session: Session, isSecure: Bool) -> String {
    Self.cookie("\(value(of: session))", maxAge: Self.lifetimeSeconds, isSecure: isSecure)
  }

  /// The `Set-Cookie` of a sign-out.
  static func expiredCookie(isSecure: Bool) -> String {
    cookie("", maxAge: 0, isSecure: isSecure)
  }

  private static func cookie(_ value: String, maxAge: Int64, isSecure: Bool) -> String {
    "\(cookieName)=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Strict"
      + (isSecure ? "; Secure" : "")
  }
}
