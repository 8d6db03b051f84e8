import AsyncHTTPClient
import Foundation
import HoldfastServer
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// The server's own TLS, with HTTP/2.
@Suite(.timeLimit(.minutes(2))) struct TLSTests {
  @Test(arguments: [HTTPClient.Configuration.HTTPVersion.http1Only, .automatic])
  func itSpeaksTLS(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-tls")
    let tls = try Self.files(in: folder)
    try await TestServer.run(folder: folder, tls: tls) { server in
      var configuration = HTTPClient.Configuration()
      configuration.tlsConfiguration = .makeClientConfiguration()
      // It is signed by nobody.
      configuration.tlsConfiguration?.certificateVerification = .none
      configuration.httpVersion = version
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      do {
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/api/v1/me")
        request.headers.add(name: "Authorization", value: "Bearer \(server.token)")
        let answer = try await client.execute(request, timeout: .seconds(60))
        #expect(answer.status == .ok)
        #expect(answer.version == (version == .automatic ? .http2 : .http1_1))
        #expect(
          answer.headers.first(name: "strict-transport-security") == "max-age=63072000")
        _ = try await answer.body.collect(upTo: 1 << 20)
        var signIn = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/sign-in")
        signIn.method = .POST
        signIn.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        signIn.headers.add(name: "Sec-Fetch-Site", value: "same-origin")
        signIn.body = .bytes(ByteBuffer(string: "token=\(server.token)"))
        let signedIn = try await client.execute(signIn, timeout: .seconds(60))
        #expect(signedIn.headers.first(name: "set-cookie")?.hasSuffix("; Secure") == true)
        _ = try await signedIn.body.collect(upTo: 1 << 20)
      } catch {
        try await client.shutdown()
        throw error
      }
      try await client.shutdown()
    }
  }

  @Test func aKeyThatOthersCanReadIsRefused() async throws {
    let folder = try TemporaryFolder(prefix: "holdfast-tls")
    let tls = try Self.files(in: folder)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: tls.keyPath)
    await #expect {
      try await TestServer.run(folder: folder, tls: tls) { _ in }
    } throws: { error in
      "\(error)".contains("readable by nobody else")
    }
  }

  static func files(in folder: TemporaryFolder) throws -> ServerTLS {
    let tls = ServerTLS(
      certificatePath: folder.path("certificate.pem"), keyPath: folder.path("key.pem"))
    try Data(certificate.utf8).write(to: URL(fileURLWithPath: tls.certificatePath))
    try Data(key.utf8).write(to: URL(fileURLWithPath: tls.keyPath))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tls.keyPath)
    return tls
  }

  /// Made for these tests alone: `localhost`, for a hundred years.
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIUIzWkWRn4yDNWS0e0/JRlMJpmNGswCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTExMDcwNloYDzIxMjYxMDI4
    MTEwNzA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAAQqZJlYzEU5Sg9Na2eJVN/UdHANlAaMzq+6OKNsTZdbMsBkBijKU1od
    EiFFWQFv2n7Fw05ejt2EXktvHzxcDFwdo28wbTAdBgNVHQ4EFgQUZQ7Ky/zilUt4
    9waer7AStWASaAkwHwYDVR0jBBgwFoAUZQ7Ky/zilUt49waer7AStWASaAkwDwYD
    VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
    zj0EAwIDSAAwRQIhALPPgW+7RIqqz5Esk2BRUU5nnwtnAhv89PVorGsiMn2FAiBQ
    HqZ5fimnL7hFdpN5cD5O9OKCtDS6pKMcnPP3C33W7Q==
    -----END CERTIFICATE-----
    """

  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg49iLB6ZEkMjJJ4Wv
    JVZIEC1aICfrzjoE21AT07DROiehRANCAAQqZJlYzEU5Sg9Na2eJVN/UdHANlAaM
    zq+6OKNsTZdbMsBkBijKU1odEiFFWQFv2n7Fw05ejt2EXktvHzxcDFwd
    -----END PRIVATE KEY-----
    """
}
