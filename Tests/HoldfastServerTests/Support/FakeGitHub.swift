import Crypto
import Foundation
import HTTPTypes
import HoldfastCore
import Hummingbird
import Logging
import Synchronization

@testable import HoldfastServer

/// A GitHub of the tests' own on loopback: it gives codes, takes each once back with the verifier of its challenge, and tells who is
/// where.
final class FakeGitHub: Sendable {
  static let clientID = "Iv1.holdfast"
  static let secret = "the-app's-secret-0123456789"

  struct Account: Sendable {
    var login: String
    /// By organization, or `organization/team`.
    var memberships: [String: String] = [:]
  }

  private struct State {
    /// Who signs in next.
    var account: Account
    var codes: [String: (challenge: String, callback: String, account: Account)] = [:]
    var tokens: [String: Account] = [:]
    var secrets: [String] = [FakeGitHub.secret]
    var scopes: [String] = []
  }

  private let state: Mutex<State>

  private init(_ account: Account) { state = Mutex(State(account: account)) }

  /// Starts it, runs `body`, and stops it again.
  ///
  /// - Parameter body: gets the fake and its port.
  static func run(
    as account: Account, _ body: @Sendable (FakeGitHub, Int) async throws -> Void
  ) async throws {
    let fake = FakeGitHub(account)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: fake.router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { ready.yield($0.localAddress?.port ?? 0) },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { ready.finish() }
        try await application.run()
      }
      guard let port = await ports.first(where: { _ in true }) else {
        try await group.next()
        throw TestServer.Failure("the fake ended before it was ready")
      }
      defer { group.cancelAll() }
      try await body(fake, port)
    }
  }

  /// Everything that must be in no log and no page: what it was told and what it gave.
  var secrets: [String] { state.withLock { $0.secrets } }

  /// What the server asked to be allowed.
  var scopes: [String] { state.withLock { $0.scopes } }

  /// Lets another account sign in from now on.
  func become(_ account: Account) { state.withLock { $0.account = account } }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("login/oauth/authorize") { request, _ in try self.authorize(request) }
    router.post("login/oauth/access_token") { request, _ in try await self.exchange(request) }
    router.get("api/v3/user") { request, _ in
      guard let account = self.account(request) else { return Self.answer(.unauthorized, [:]) }
      return Self.answer(.ok, ["login": .string(account.login), "id": 1])
    }
    router.get("api/v3/user/memberships/orgs/:organization") { request, context in
      try self.membership(request, context.parameters.require("organization"))
    }
    router.get("api/v3/orgs/:organization/teams/:team/memberships/:login") { request, context in
      let organization = try context.parameters.require("organization")
      let team = try context.parameters.require("team")
      return self.membership(request, "\(organization)/\(team)")
    }
    return router
  }

  private func authorize(_ request: Request) throws -> Response {
    let query = request.uri.queryParameters
    guard query["client_id"] == Self.clientID[...], query["code_challenge_method"] == "S256",
      let state = query["state"], let callback = query["redirect_uri"],
      let challenge = query["code_challenge"]
    else { throw HTTPError(.badRequest) }
    let code = "code-\(UInt64.random(in: 0...UInt64.max))"
    self.state.withLock { fake in
      fake.codes[code] = (String(challenge), String(callback), fake.account)
      fake.secrets.append(code)
      fake.scopes.append(query["scope"].map(String.init) ?? "none")
    }
    return .redirect(to: "\(callback)?code=\(code)&state=\(state)", type: .found)
  }

  private func exchange(_ request: Request) async throws -> Response {
    let body = try await request.body.collect(upTo: 65_536)
    let form = Query(encoded: String(buffer: body))
    guard form["client_id"] == Self.clientID, form["client_secret"] == Self.secret else {
      return Self.answer(.ok, ["error": "incorrect_client_credentials"])
    }
    let verifier = form["code_verifier"] ?? ""
    let token = "gho_\(UInt64.random(in: 0...UInt64.max))"
    let isGood = state.withLock { state in
      state.secrets.append(verifier)
      guard let entry = state.codes.removeValue(forKey: form["code"] ?? ""),
        entry.callback == form["redirect_uri"],
        entry.challenge
          == Secrets.base64URL(Array(SHA256.hash(data: Data(verifier.utf8))))
      else { return false }
      state.tokens[token] = entry.account
      state.secrets.append(token)
      return true
    }
    guard isGood else { return Self.answer(.ok, ["error": "bad_verification_code"]) }
    return Self.answer(.ok, ["access_token": .string(token), "token_type": "bearer"])
  }

  private func membership(_ request: Request, _ name: String) -> Response {
    guard let account = account(request) else { return Self.answer(.unauthorized, [:]) }
    guard let membership = account.memberships[name] else { return Self.answer(.notFound, [:]) }
    return Self.answer(.ok, ["state": .string(membership)])
  }

  private func account(_ request: Request) -> Account? {
    // GitHub refuses who does not say what they are.
    guard let header = request.headers[.authorization], header.hasPrefix("Bearer "),
      request.headers[.userAgent] != nil
    else { return nil }
    return state.withLock { $0.tokens[String(header.dropFirst(7))] }
  }

  private static func answer(_ status: HTTPResponse.Status, _ json: JSONValue) -> Response {
    let body = (try? JSONEncoder().encode(json)) ?? Data()
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: .init(bytes: body)))
  }
}
