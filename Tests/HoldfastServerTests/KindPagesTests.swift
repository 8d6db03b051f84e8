import HoldfastCore
import HoldfastStorage
import NIOHTTP1
import Testing

/// The forms of kinds that the configuration declares.
@Suite(.timeLimit(.minutes(2))) struct KindPagesTests {
  private static func book() throws -> KindBook {
    let json: JSONValue = [
      "about": "Tenders of a <portal>.", "command": ["scrape"],
      "parameters": [
        "pages": ["type": "integer", "minimum": 1, "maximum": 500, "default": 10],
        "region": ["type": "string", "enum": ["north", "south"], "required": true],
        "deep": ["type": "boolean", "description": "Details too."],
      ],
    ]
    return KindBook(declared: ["tenders": try KindDeclaration(name: "tenders", json: json)])
  }

  @Test func aFormIsMadeFromTheParameters() async throws {
    try await TestServer.run(kinds: try Self.book()) { server in
      let (cookie, csrf) = try await server.signIn()
      let list = try await server.get("/new", as: .cookie(cookie))
      #expect(list.text.contains("<a href=\"/new/tenders\">tenders</a>"))
      #expect(list.text.contains("Tenders of a &lt;portal&gt;."))
      let form = try await server.get("/new/tenders", as: .cookie(cookie)).text
      #expect(form.contains("name=\"p.pages\" type=\"text\" inputmode=\"numeric\" value=\"10\""))
      #expect(form.contains("1 to 500"))
      #expect(form.contains("<option value=\"south\">south</option>"))
      #expect(form.contains("type=\"checkbox\" name=\"p.deep\""))
      #expect(form.contains("Details too."))
      let here = [("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")]
      func post(_ fields: String) async throws -> Answer {
        try await server.postForm(
          "/new/tenders", "csrf_token=\(csrf)&\(fields)", headers: here, as: .cookie(cookie))
      }
      let wrong = try await post("target=a%3Cb&p.pages=501&p.region=south&p.deep=true")
      #expect(wrong.status == 400)
      #expect(wrong.text.contains("params.pages is 501; it must be at most 500"))
      #expect(wrong.text.contains("value=\"a&lt;b\""), "what was typed stays")
      #expect(wrong.text.contains("value=\"south\" selected"))
      #expect(wrong.text.contains("value=\"true\" checked"))
      let text = try await post("target=a&p.pages=many&p.region=south")
      #expect(text.text.contains("params.pages must be a whole number"))
      let made = try await post("target=portal&p.pages=&p.region=north")
      #expect(made.headers.first(name: "location") == "/scans/1")
      let scan = try #require(try await server.store.scan(.number(1)))
      #expect(scan.kind == "tenders")
      #expect(scan.params == ["pages": 10, "region": "north", "deep": false])
      let again = try await post("target=portal&p.pages=&p.region=north")
      #expect(again.status == 409)
      #expect(try await server.get("/new/other", as: .cookie(cookie)).status == 404)
    }
  }
}
