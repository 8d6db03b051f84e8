import HoldfastCore
import HoldfastNetwork
import HoldfastServer
import HoldfastTestKit
import Testing

/// Requests that would lead a worker somewhere.
@Suite(.timeLimit(.minutes(2))) struct AddressGuardTests {
  static let kinds: JSONValue = [
    "audit": [
      "command": ["audit", "{target}"], "target": "url",
      "parameters": ["hook": ["type": "string", "format": "uri"], "note": ["type": "string"]],
    ],
    "crawl": ["command": ["crawl", "{target}"]],
  ]

  private static func book() throws -> KindBook {
    var book = KindBook()
    for (name, json) in kinds.objectValue ?? [:] {
      book.declared[name] = try KindDeclaration(name: name, json: json)
    }
    return book
  }

  private static func run(
    allow: [String] = [], _ body: @Sendable (TestServer) async throws -> Void
  ) async throws {
    let book = try book()
    let rules = NetworkRules(allowed: allow.compactMap(NetworkRules.Exception.init))
    let resolver = FakeResolver([
      "example.com": [["93.184.216.34"]], "inside.example": [["10.0.0.7"]],
      "metadata.example": [["169.254.169.254"]],
    ])
    try await TestServer.run(
      configure: {
        $0.kinds = book
        $0.network = rules
        $0.resolver = resolver
      }, body)
  }

  @Test(arguments: ["audit", "crawl"])
  func placesInsideAreRefused(_ kind: String) async throws {
    try await Self.run { server in
      for target in [
        "http://127.0.0.1/", "https://localhost:8443/", "http://[::1]/", "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data/", "http://2130706433/", "http://0177.0.0.1/",
        "http://0x7f000001/", "http://127.1/", "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a00:1]/", "http://[2002:7f00:1::]/", "http://[fd00::1]/",
        "http://100.64.0.1/", "http://224.0.0.1/", "http://192.0.2.1/", "http://redis:6379/",
        "http://inside.example/", "http://metadata.example/", "http://user@example.com/",
        "HTTP://LOCALHOST/", "http://printer.local/",
      ] {
        let answer = try await server.post(
          "/api/v1/scans", ["kind": .string(kind), "target": .string(target)])
        #expect(answer.status == 400, "\(target): \(answer.text)")
        #expect(try answer.json["field"] == "target")
      }
      #expect(try await server.get("/api/v1/scans").json["items"] == [])
      // By the page too.
      let session = try await server.signIn()
      let form = try await server.postForm(
        "/scans", "kind=\(kind)&target=http://127.0.0.1/&csrf_token=\(session.csrf)",
        headers: [("Sec-Fetch-Site", "same-origin")], as: .cookie(session.cookie))
      #expect(form.status == 400)
    }
  }

  @Test func placesOfThePublicInternetAreAccepted() async throws {
    try await Self.run { server in
      for target in [
        "https://example.com/shop?page=1", "http://8.8.8.8/", "http://[2606:4700::1111]/",
        "https://not-resolved-here.example/",
      ] {
        let answer = try await server.post(
          "/api/v1/scans", ["kind": "audit", "target": .string(target)])
        #expect(answer.status == 201, "\(target): \(answer.text)")
      }
    }
  }

  @Test func theOperatorAllowsNetworksAndNames() async throws {
    try await Self.run(allow: ["127.0.0.0/8", "localhost", "inside.example"]) { server in
      for (target, status) in [
        ("http://127.0.0.1:3000/", 201), ("http://localhost:3000/", 201),
        ("http://inside.example/", 201), ("http://10.0.0.7/", 400),
        ("http://metadata.example/", 400),
      ] {
        let answer = try await server.post(
          "/api/v1/scans", ["kind": "audit", "target": .string(target)])
        #expect(answer.status == status, "\(target): \(answer.text)")
      }
    }
  }

  @Test func whatIsDeclaredToBeAnAddressMustBeOne() async throws {
    try await Self.run { server in
      func submit(_ kind: String, _ target: String, _ params: JSONValue) async throws -> Answer {
        try await server.post(
          "/api/v1/scans", ["kind": .string(kind), "target": .string(target), "params": params])
      }
      for target in [
        "127.0.0.1", "example.com", "/etc/passwd", "file:///etc/passwd", "gopher://example.com/",
      ] {
        #expect(try await submit("audit", target, [:]).status == 400, "\(target)")
      }
      let hook = try await submit(
        "audit", "https://example.com/", ["hook": "http://10.0.0.1/hook"])
      #expect(try hook.json["field"] == "params.hook")
      let note = try await submit(
        "audit", "https://example.com/", ["note": "http://localhost/", "hook": nil])
      #expect(try note.json["field"] == "params.note")
      #expect(try await submit("crawl", "shelf 7", [:]).status == 201)
      #expect(try await submit("crawl", "s3://bucket/key", [:]).status == 201)
    }
  }
}
