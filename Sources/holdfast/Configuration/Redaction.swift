import Synchronization

/// Keeps passwords out of everything that is printed or logged.
enum Redaction {
  static let mask = "***"

  /// `url` with the password of its authority and of its query masked.
  static func redacted(_ url: String) -> String {
    masking(secrets(in: url), in: url)
  }

  /// The passwords that a database URL holds, as written and with percent escapes resolved.
  static func secrets(in url: String) -> [String] {
    guard let scheme = url.firstRange(of: "://") else { return [] }
    let rest = url[scheme.upperBound...]
    var found: [String] = []
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // The last “@” ends the user information: a password that was not escaped may hold one itself.
    if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
      found.append(String(authority[authority.index(after: colon)..<at]))
    } else if let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
      found.append(String(rest[rest.index(after: colon)..<at]))
    }
    if let question = rest.firstIndex(of: "?") {
      for pair in rest[rest.index(after: question)...].split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1)
        if parts.count == 2, ["password", "sslpassword"].contains(parts[0].lowercased()) {
          found.append(String(parts[1]))
        }
      }
    }
    return Set(found.flatMap { [$0, percentDecoded($0)] }).filter { !$0.isEmpty }.sorted {
      $0.utf8.count > $1.utf8.count
    }
  }

  /// Remembers what must never be printed by this process.
  ///
  /// - Parameters:
  ///   - url: a database URL.
  ///   - passwords: further secrets, as they are.
  static func protect(_ url: String, passwords: [String] = []) {
    let secrets = secrets(in: url) + passwords.filter { !$0.isEmpty }
    known.withLock { $0 = Array(Set($0 + secrets)).sorted { $0.utf8.count > $1.utf8.count } }
  }

  /// `text` with everything masked that ``protect(_:)`` was told of.
  static func scrubbed(_ text: String) -> String {
    masking(known.withLock { $0 }, in: text)
  }

  private static let known = Mutex<[String]>([])

  /// Very short passwords would mask half of every sentence; they are masked only where an
  /// authority or a query shows them.
  private static func masking(_ secrets: [String], in text: String) -> String {
    secrets.reduce(text) { text, secret in
      if secret.utf8.count >= 4 { return text.replacing(secret, with: mask) }
      return text.replacing(":\(secret)@", with: ":\(mask)@")
        .replacing("password=\(secret)", with: "password=\(mask)")
    }
  }

  private static func percentDecoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      if byte == UInt8(ascii: "%"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
