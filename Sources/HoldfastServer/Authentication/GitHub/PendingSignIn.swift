import Crypto
import FoundationEssentials

/// A sign-in that somebody has begun here and goes on with elsewhere. It travels in a cookie of the browser, signed, and in the address that
/// comes back (`state`): both must be of the same sign-in, or somebody was led to end what another began.
struct PendingSignIn: Sendable, Hashable {
  static let cookieName = "holdfast_sign_in"
  static let cookiePath = "/sign-in/github"
  static let lifetimeSeconds: Int64 = 600

  /// Random; unique to this sign-in.
  var state: String
  /// Where to go on afterwards, within this server.
  var next: String
  /// Seconds since 1970 by this machine's clock.
  var expires: Int64
}

extension SessionSigner {
  func makePendingSignIn(next: String, now: Int64) -> PendingSignIn {
    PendingSignIn(
      state: Secrets.random(32), next: next, expires: now + PendingSignIn.lifetimeSeconds)
  }

  /// The secret that proves to the provider that who brings the code is who began (RFC 7636). It follows from the state and from this
  /// server's key, so that it is kept nowhere.
  func codeVerifier(of pending: PendingSignIn) -> String { sign("pkce.\(pending.state)") }

  /// What the provider is told of the verifier: S256.
  func codeChallenge(of pending: PendingSignIn) -> String {
    Secrets.base64URL(Array(SHA256.hash(data: Data(codeVerifier(of: pending).utf8))))
  }

  /// The cookie's value.
  func value(of pending: PendingSignIn) -> String {
    let next = Secrets.base64URL(Array(pending.next.utf8))
    let content = "v1.\(pending.state).\(pending.expires).\(next)"
    return "\(content).\(sign("pending.\(content)"))"
  }

  /// The sign-in that a cookie's value proves; `nil` if it is forged, of another key, or too old.
  func pendingSignIn(from value: String, now: Int64) -> PendingSignIn? {
    let parts = value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, parts[0] == "v1", let expires = Int64(parts[2]), expires > now,
      Secrets.areEqual(sign("pending.\(parts.prefix(4).joined(separator: "."))"), parts[4]),
      let next = Secrets.bytes(base64URL: parts[3])
    else { return nil }
    return PendingSignIn(
      state: parts[1], next: String(decoding: next, as: UTF8.self), expires: expires)
  }

  /// The `Set-Cookie` of a sign-in that goes on elsewhere. It must come back with a link from there, and so is not `Strict`.
  func cookie(of pending: PendingSignIn, isSecure: Bool) -> String {
    Self.pendingCookie(
      value(of: pending), maxAge: PendingSignIn.lifetimeSeconds, isSecure: isSecure)
  }

  static func endedPendingCookie(isSecure: Bool) -> String {
    pendingCookie("", maxAge: 0, isSecure: isSecure)
  }

  private static func pendingCookie(_ value: String, maxAge: Int64, isSecure: Bool) -> String {
    "\(PendingSignIn.cookieName)=\(value); Path=\(PendingSignIn.cookiePath); Max-Age=\(maxAge); "
      + "HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
  }
}
