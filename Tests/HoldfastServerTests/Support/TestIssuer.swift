import Foundation
import HoldfastCore
import HoldfastTestKit
import JWTKit

@testable import HoldfastServer

/// Somebody who signs access tokens as the tests need them, right and wrong.
struct TestIssuer: Sendable {
  static let address = "https://issuer.example/"
  static let audience = "holdfast"

  let folder: TemporaryFolder
  let elliptic = ES256PrivateKey()

  init() throws {
    folder = try TemporaryFolder(prefix: "holdfast-issuer")
    try write(elliptic.publicKey.pemRepresentation, to: "elliptic.pem")
  }

  /// As the server is told of it: the key `k1`, and the role and the tenant from claims of these names.
  var trust: JWTIssuer {
    let roles = Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0.rawValue, $0) })
    return JWTIssuer(
      name: "ci", issuer: Self.address, audience: Self.audience,
      keyFiles: ["k1": folder.path("elliptic.pem")], role: .claim("role", roles: roles),
      tenant: .claim("tenant", allowed: ["acme", "other", "*", "nowhere"]))
  }

  /// Puts a file in place of the one before as a whole, with the mode that a public key has.
  func write(_ text: String, to name: String) throws {
    let temporary = folder.path("\(name).new")
    try Data(text.utf8).write(to: URL(fileURLWithPath: temporary))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: temporary)
    guard rename(temporary, folder.path(name)) == 0 else { throw POSIXError(.EIO) }
  }

  /// Claims that are accepted at `now`, but for what is changed; null takes one out.
  static func claims(
    _ changes: [String: JSONValue] = [:], now: Double = Date().timeIntervalSince1970
  ) -> JSONValue {
    var claims: [String: JSONValue] = [
      "iss": .string(address), "aud": .string(audience), "sub": "build-7",
      "exp": .double(now + 600), "iat": .double(now), "role": "operator", "tenant": "acme",
    ]
    for (name, value) in changes {
      claims[name] = value == .null ? Optional<JSONValue>.none : value
    }
    return .object(claims)
  }

  /// A token as a well-behaved issuer makes it.
  func token(_ claims: JSONValue, kid: String = "k1") async throws -> String {
    let keys = JWTKeyCollection()
    await keys.add(ecdsa: elliptic)
    return try await Self.token(
      ["alg": "ES256", "kid": .string(kid), "typ": "at+jwt"], claims, signedBy: keys)
  }

  /// A token with any header, signed by the one key of `keys`, whatever the header says.
  static func token(
    _ header: JSONValue, _ claims: JSONValue, signedBy keys: JWTKeyCollection
  ) async throws -> String {
    let signed = "\(try encoded(header)).\(try encoded(claims))"
    let signature = try await keys.getKey().sign(Array(signed.utf8))
    return "\(signed).\(Secrets.base64URL(signature))"
  }

  static func encoded(_ json: JSONValue) throws -> String {
    Secrets.base64URL(Array(try JSONEncoder().encode(json)))
  }
}

/// Keys made for these tests alone.
enum TestKeys {
  static let rsa = """
    -----BEGIN PRIVATE KEY-----
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDcg5Fgv3WCNzwA
    riZ4glq8Mb/l4kdEs0GY7lcl8bcg+uAFYWM/YIYFMw2AeqZ4PDMOLFjOYWVwQYW9
    aJArCmLzcjUwXDOigmngN5gyz215z+5GTN7oab9HTeANxPO8jJM3jqXomNp0qVnM
    5ywC1V2IzKGOMae7DKPZkB5OM3it6FXrQwc8H0E2h3zBiOZBalFoPW0AIPF7HE7z
    K61YoKhISSxwVsnQq+j+bMlWJRaorEkLCFNdWqzfflJxZ6AW0+cA86BgxI7U27gw
    lDxYqw8vqf6KXzMa8yoBIT11urMO7ilG/wEYxmUyJIIIUHiiAuWSE5kHBa9m4PGX
    qe2F42FXAgMBAAECggEAY+YO5F+YYqeXPU+oCgw0AvIe14xNcSgsXZYMURpSNlSx
    TH60MbAOxyg7w6rM48eR8afRi53AELz+U7KdLYKFFXj187Sxh7vBL1zATLSACiFS
    9vI4Qd42U51KFbLWIOMmhpLPQrKMtTFLh3JrE9WJjEH4Jq0EKc8uI5AQyqiy0UWK
    pgTjbJJaUpFcfBktM8eLKVDbe4L0P3FAVu/tzF2ggDmT1DWwPmPWSQ12bieIeG/Z
    5qq9tHTUoiSx0nPdBfRj8pe9GNH6mgCEbG8NOEyfeFaTA+wVoEj+dPdNtz7Dq3pH
    w2bqYjtxTbpB46uiHmxMwMEMAfJWMglg8w6xSF540QKBgQD6O/vdB2gwW1+BYDnT
    kZE3ypPRGNSwO8zX5mrHApG6+0GZCfxIC3y5GsZx1c5oOtsjlqd7aVAaB3BH2Ejk
    1fSag6SI49kykuX6PTQXalQ2c4xX1g1WdndhJk2FpMKaaaPjzsHGbten3dCApgwu
    6JJtYy6Tezs1DI0YuVoo8xYyuwKBgQDhmEb/ScF5Wh2XapKBpjx5XoL9qVVT5x/f
    AA8ZTzeQzPxdvFLG/Y6dRAiSsGITKA8JA2s9MAOqkIL/EZQARNf4dssIg70zbAca
    mWEPrHcYtHnZCbCKQreQ7hdzMbnVnOAD2xBKd6pQ4jSWrFrULtJOgrBrE0N74mkR
    K0u2XywoFQKBgH5SYacG4jXnKqNpLEf9qE192nkoC9abmaE0FJs6VM8Ln+XeAJlu
    Exxuw9cblANSEuY4W3wVgfZh4vCh4sqCp+SIqDriqva46ZgV5YIcjz6dvi9pQ3pu
    e31zlJbuwb6pra6G5ZOCySNY+rS3Hldf2OuXsh+Jii4Rk/jzOOyLKp2ZAoGABy8Z
    O7H2lk23WYYMSlKn5FmNJFTLIdPfYPOYh37NTzAn7Tg9DpcufnWXLEyvotqIuAnC
    1Xz88OaPNV4y71tB4WivCINheAy9oSw3Og+M71137+BuHckIHXZnisSPnWzUeWr1
    dtmes9qwQAgXEGC5U8S3p4FCieRo4iIV1CXtuw0CgYEAmC1zL+FX72pSxpc2V4j4
    gC8BQ3YFoFcK0Fc2AgvZwKoI84u1P9CaDKuKCp3YAbRfSHzDeXDFAWcP2bq3rQuq
    ibcUrpY9imJ8fH9KV/wJvCvYCwxpBkeBjZI3dSdiYcQ2wxk6OpYT2kYoXUeDak3q
    8RNXSDhuyERkX6QG1mzc6EE=
    -----END PRIVATE KEY-----
    """

  static let rsaPublic = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3IORYL91gjc8AK4meIJa
    vDG/5eJHRLNBmO5XJfG3IPrgBWFjP2CGBTMNgHqmeDwzDixYzmFlcEGFvWiQKwpi
    83I1MFwzooJp4DeYMs9tec/uRkze6Gm/R03gDcTzvIyTN46l6JjadKlZzOcsAtVd
    iMyhjjGnuwyj2ZAeTjN4rehV60MHPB9BNod8wYjmQWpRaD1tACDxexxO8yutWKCo
    SEkscFbJ0Kvo/mzJViUWqKxJCwhTXVqs335ScWegFtPnAPOgYMSO1Nu4MJQ8WKsP
    L6n+il8zGvMqASE9dbqzDu4pRv8BGMZlMiSCCFB4ogLlkhOZBwWvZuDxl6ntheNh
    VwIDAQAB
    -----END PUBLIC KEY-----
    """

  /// 1024 bits.
  static let smallPublic = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDteFq7Ov9O0cOhir5ws70rQXPJ
    iKmC73/TN0dG3iHm/mlU+UySIr6aoMmRkYR8TYpJqL1svnxgv/ig/Nmj66uiWvyX
    YTGxcyz5No+mvnYwnWgktCB/U1n1aDTUWGhlJ9FK+9NhV7lX9KsCLsuo414ygDFN
    QWCksbA/NztK6Chr7wIDAQAB
    -----END PUBLIC KEY-----
    """
}
