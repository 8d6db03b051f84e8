import HTTPTypes

/// The headers that every answer carries: nothing from elsewhere is loaded, nothing of ours is
/// framed, cached by default, or told to others.
enum SecurityHeaders {
  static let contentSecurityPolicy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
  ].joined(separator: "; ")

  static let permissionsPolicy = [
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "microphone",
    "midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
  ].map { "\($0)=()" }.joined(separator: ", ")

  /// Two years: whoever came once over TLS comes so again.
  static let strictTransportSecurity = "max-age=63072000"

  static func apply(to headers: inout HTTPFields) {
    headers[.contentSecurityPolicy] = contentSecurityPolicy
    headers[.xContentTypeOptions] = "nosniff"
    headers[.referrerPolicy] = "no-referrer"
    headers[.crossOriginOpenerPolicy] = "same-origin"
    headers[.crossOriginResourcePolicy] = "same-origin"
    headers[.permissionsPolicy] = permissionsPolicy
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
  }
}
