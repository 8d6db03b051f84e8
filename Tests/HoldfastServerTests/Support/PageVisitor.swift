import Foundation
import HoldfastCore
import Testing

/// Somebody with a browser without scripts: a session, and the forms of the pages.
struct PageVisitor: Sendable {
  let server: TestServer
  let cookie: String
  let csrf: String

  /// - Parameter token: signs in with it; the admin token unless told.
  init(_ server: TestServer, token: String? = nil) async throws {
    self.server = server
    (cookie, csrf) = try await server.signIn(with: token)
  }

  func answer(_ path: String) async throws -> Answer {
    try await server.get(path, headers: [("Accept", "text/html")], as: .cookie(cookie))
  }

  /// The page at a path that is there.
  func page(_ path: String) async throws -> String {
    let answer = try await answer(path)
    #expect(answer.status == 200, "\(path): \(answer.text)")
    return answer.text
  }

  func post(_ path: String, _ fields: [(String, String)] = []) async throws -> Answer {
    let form = ([("csrf_token", csrf)] + fields).map { name, value in
      "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
    }
    return try await server.postForm(
      path, form.joined(separator: "&"),
      headers: [("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")], as: .cookie(cookie))
  }

  /// The hidden fields of the page's form that goes to a path, as its button sends them.
  static func hiddenFields(of action: String, on page: String) -> [(String, String)] {
    guard let start = page.range(of: "method=\"post\" action=\"\(action)\">"),
      let end = page.range(of: "</form>", range: start.upperBound..<page.endIndex)
    else { return [] }
    return page[start.upperBound..<end.lowerBound]
      .matches(of: /<input type="hidden" name="([^"]+)" value="([^"]*)">/)
      .map { (String($0.output.1), String($0.output.2).replacing("&amp;", with: "&")) }
      .filter { $0.0 != "csrf_token" }
  }
}
