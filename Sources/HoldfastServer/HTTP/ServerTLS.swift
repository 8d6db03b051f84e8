import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import NIOSSL

/// The files of a certificate and of its key, in PEM.
package struct ServerTLS: Sendable, Hashable {
  /// The server's certificate, and those between it and its authority's.
  package var certificatePath: String
  /// Readable by its owner only.
  package var keyPath: String

  package init(certificatePath: String, keyPath: String) {
    self.certificatePath = certificatePath
    self.keyPath = keyPath
  }

  /// TLS 1.2 and 1.3. Clients that offer it get HTTP/2, the others HTTP/1.1, with the same limits.
  func builder(_ configuration: HTTP1Channel.Configuration) throws(ServerError) -> HTTPServerBuilder
  {
    // The key must be nobody else's.
    guard let key = try OwnerFile.readText(keyPath) else {
      throw .file(path: keyPath, problem: "is missing: tls_key names it")
    }
    let certificates: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    do {
      certificates = try NIOSSLCertificate.fromPEMFile(certificatePath)
    } catch {
      throw .file(
        path: certificatePath, problem: "is no certificate in PEM: tls_certificate names it")
    }
    do {
      privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
    } catch {
      throw .file(path: keyPath, problem: "is no private key in PEM without a password")
    }
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    tls.minimumTLSVersion = .tlsv12
    do {
      return try .http2Upgrade(
        tlsConfiguration: tls,
        configuration: .init(idleTimeout: .seconds(60), streamConfiguration: configuration))
    } catch {
      throw .file(path: certificatePath, problem: "cannot be used: \(error)")
    }
  }
}
