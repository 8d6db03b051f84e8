import NIOSSL

/// Where a server is, and how it is known for the right one.
package struct ServerAddress: Sendable {
  /// `http` or `https`, host and port, and the path under which a proxy has it; without a slash at its end.
  package let text: String
  /// Whether what is sent, the token first of all, can be read on the way.
  package let isPlain: Bool
  package let isLoopback: Bool
  /// The file with the certificates to trust in place of the system's.
  package let authorityPath: String?

  /// - Throws: ``RemoteRefusal/address(_:)``.
  package init(_ text: String, authorityPath: String? = nil) throws(RemoteRefusal) {
    let example = "; it is written like https://scans.example.org or http://127.0.0.1:8710"
    guard let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) })
    else { throw .address("the server's address must begin with https:// or http://\(example)") }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" }
    guard !authority.isEmpty, Self.isPrintable(text), !rest.contains("?"), !rest.contains("#")
    else {
      throw .address("“\(Self.shown(text))” is no address of a server\(example)")
    }
    guard !authority.contains("@") else {
      throw .address("the server's address must not hold a name or a password\(example)")
    }
    var path = rest[authority.endIndex...]
    while path.hasSuffix("/") { path.removeLast() }
    self.text = scheme + authority + path
    isPlain = scheme == "http://"
    let host =
      authority.hasPrefix("[")
      ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
    isLoopback = host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    self.authorityPath = authorityPath
  }

  private static func isPrintable(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }

  private static func shown(_ text: String) -> String {
    String(
      text.unicodeScalars.prefix(100).map { $0.isASCII && $0.value > 0x1F ? Character($0) : "?" })
  }

  /// TLS as everybody speaks it, with the authority that is to be trusted.
  func tls() throws(RemoteRefusal) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    guard let authorityPath else { return configuration }
    do {
      configuration.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMFile(authorityPath))
    } catch {
      throw .authority("the certificates in \(authorityPath) cannot be read: \(error)")
    }
    return configuration
  }
}
