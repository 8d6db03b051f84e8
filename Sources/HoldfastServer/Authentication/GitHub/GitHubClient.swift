import FoundationEssentials
import HoldfastCore
import HoldfastNetwork
import NIOPosix

/// Asks GitHub who somebody is, with the code that it gave their browser.
struct GitHubClient: Sendable {
  let settings: GitHubSettings
  /// What the operator has configured is fetched from wherever it is.
  private let web = WebFetcher(guardedBy: nil)

  enum Failure: Error, Sendable, Hashable {
    /// GitHub did not take the code: it is too old, was used before, or is another app's.
    case codeRefused
    /// It is one of GitHub's, and no entry of the settings fits it.
    case notAllowed(login: String)
    /// GitHub or the settings are at fault; the text is for the log.
    case unavailable(String)
  }

  /// Whom somebody is taken for.
  struct Person: Sendable, Hashable {
    var login: String
    var who: GitHubSettings.Who
  }

  /// Where the browser is sent.
  func authorizationAddress(
    of pending: PendingSignIn, signer: SessionSigner, callback: String
  ) -> String {
    "\(settings.server)/login/oauth/authorize?"
      + Self.form([
        ("client_id", settings.clientID), ("redirect_uri", callback), ("scope", scope),
        ("state", pending.state), ("code_challenge", signer.codeChallenge(of: pending)),
        ("code_challenge_method", "S256"), ("allow_signup", "false"),
      ])
  }

  /// - Parameter verifier: what the code challenge was made of.
  func person(
    code: String, verifier: String, callback: String
  ) async throws(Failure) -> Person {
    let token = try await accessToken(code: code, verifier: verifier, callback: callback)
    guard
      let login = try await get("/user", with: token)?["login"]?.stringValue,
      GitHubSettings.isName(login)
    else { throw .unavailable("GET /user names no login") }
    for entry in settings.access where try await fits(entry.who, login, token) {
      return Person(login: login, who: entry.who)
    }
    throw .notAllowed(login: login)
  }

  /// Memberships are told to whom they are allowed to be told.
  private var scope: String {
    let needsMemberships = settings.access.contains { entry in
      if case .login = entry.who { false } else { true }
    }
    return needsMemberships ? "read:org" : ""
  }

  private func fits(
    _ who: GitHubSettings.Who, _ login: String, _ token: String
  ) async throws(Failure) -> Bool {
    let path: String
    switch who {
    case .login(let name): return name.lowercased() == login.lowercased()
    case .organization(let name): path = "/user/memberships/orgs/\(name)"
    case .team(let organization, let slug):
      path = "/orgs/\(organization)/teams/\(slug)/memberships/\(login)"
    }
    // Whoever was only invited is `pending`.
    return try await get(path, with: token)?["state"]?.stringValue == "active"
  }

  private func accessToken(
    code: String, verifier: String, callback: String
  ) async throws(Failure) -> String {
    let answer = try await fetch(
      "\(settings.server)/login/oauth/access_token", method: "POST",
      headers: [
        "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded",
      ],
      body: Self.form([
        ("client_id", settings.clientID), ("client_secret", try await secret()), ("code", code),
        ("redirect_uri", callback), ("code_verifier", verifier),
      ]))
    guard answer.status == 200, let json = Self.json(answer) else {
      throw .unavailable("the code was answered with status \(answer.status)")
    }
    if let token = json["access_token"]?.stringValue, !token.isEmpty { return token }
    switch json["error"]?.stringValue {
    case "bad_verification_code": throw .codeRefused
    case let error:
      // The name of the error alone: its description is not ours to repeat.
      let name = error.map { $0.filter { $0.isLetter || $0 == "_" }.prefix(60) } ?? "no token"
      throw .unavailable("the code was refused: \(name)")
    }
  }

  /// - Returns: `nil` for 403 and 404: what is not there for whoever asks.
  private func get(_ path: String, with token: String) async throws(Failure) -> JSONValue? {
    let answer = try await fetch(
      settings.api + path, method: "GET",
      headers: [
        "Accept": "application/vnd.github+json", "Authorization": "Bearer \(token)",
        "X-GitHub-Api-Version": "2022-11-28",
      ], body: nil)
    if answer.status == 403 || answer.status == 404 { return nil }
    guard answer.status == 200, let json = Self.json(answer) else {
      throw .unavailable("GET \(path) was answered with status \(answer.status)")
    }
    return json
  }

  private func fetch(
    _ address: String, method: String, headers: [String: String], body: String?
  ) async throws(Failure) -> WebFetcher.Answer {
    let url: TargetURL
    do {
      url = try TargetURL(address)
    } catch {
      throw .unavailable("its address \(error)")
    }
    // GitHub answers only to who gives a name.
    let headers = headers.merging(["User-Agent": "holdfast"]) { own, _ in own }
    do {
      return try await web.fetch(.init(url, method: method, headers: headers, body: body))
    } catch {
      throw .unavailable("\(error)")
    }
  }

  /// Read anew for each sign-in, so that another secret counts without a restart.
  private func secret() async throws(Failure) -> String {
    let path = settings.secretFile
    do {
      let secret = try await NIOThreadPool.singleton.runIfActive { try OwnerFile.read(path) }
      guard let secret, !secret.isEmpty else {
        throw Failure.unavailable("the file of the client secret is missing or empty")
      }
      return secret
    } catch let failure as Failure {
      throw failure
    } catch {
      throw .unavailable("\(error)")
    }
  }

  private static func json(_ answer: WebFetcher.Answer) -> JSONValue? {
    // What is no JSON is reported by the caller, with its status.
    try? JSONDecoder().decode(JSONValue.self, from: Data(answer.body))
  }

  private static func form(_ fields: [(String, String)]) -> String {
    fields.map { name, value in
      "\(name)=\(LocalPath.encoded(value).replacing("/", with: "%2F"))"
    }.joined(separator: "&")
  }
}
