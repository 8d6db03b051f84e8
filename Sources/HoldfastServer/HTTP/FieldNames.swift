import HTTPTypes

/// Header fields that HTTPTypes does not name.
extension HTTPField.Name {
  static let host = named("Host")
  static let requestID = named("X-Request-ID")
  static let csrfToken = named("X-CSRF-Token")
  static let idempotencyKey = named("Idempotency-Key")
  static let prefer = named("Prefer")
  static let lastEventID = named("Last-Event-ID")
  static let secFetchSite = named("Sec-Fetch-Site")
  static let forwardedFor = named("X-Forwarded-For")
  static let forwardedProtocol = named("X-Forwarded-Proto")
  static let referrerPolicy = named("Referrer-Policy")
  static let permissionsPolicy = named("Permissions-Policy")
  static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
  static let accelBuffering = named("X-Accel-Buffering")

  private static func named(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("no header field: \(text)") }
    return name
  }
}
