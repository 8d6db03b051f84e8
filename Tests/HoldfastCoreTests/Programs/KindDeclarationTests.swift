import HoldfastCore
import Testing

@Suite struct KindDeclarationTests {
  static let tenders: JSONValue = [
    "command": ["scrape", "--pages", "{params.pages}", "{target}", "{unknown}"],
    "environment": ["MODE": "fast"], "secrets": ["API_KEY": "/run/key"], "timeout": "1h30m",
    "parameters": [
      "pages": ["type": "integer", "minimum": 1, "maximum": 500, "default": 10],
      "region": ["type": "string", "enum": ["north", "south"], "required": true],
      "full": ["type": "boolean"],
    ],
    "policy": ["max_attempts": 2],
  ]

  private static func book() throws -> KindBook {
    KindBook(declared: ["tenders": try KindDeclaration(name: "tenders", json: tenders)])
  }

  @Test func requestsAreValidated() throws {
    let book = try Self.book()
    let sound = try book.validate(
      kind: "tenders", target: "portal-a", params: ["region": "north"])
    #expect(sound.target == "portal-a")
    #expect(sound.params == ["pages": 10, "region": "north"])
    #expect(book.names == ["library", "tenders"])
    #expect(try book.validate(kind: "library", target: "/a/", params: .null).target == "/a")
  }

  static let refused: [(String, JSONValue, String)] = [
    ("x", [:], "params.region is missing"),
    ("x", ["region": "east"], "params.region is east; it must be one of north, south"),
    ("x", ["region": "north", "pages": 0], "params.pages is 0; it must be at least 1"),
    ("x", ["region": "north", "pages": 501], "params.pages is 501; it must be at most 500"),
    ("x", ["region": "north", "pages": "3"], "params.pages must be a whole number, not a text"),
    ("x", ["region": "north", "ful": true], "unknown parameter “ful”; did you mean “full”?"),
    ("--help", ["region": "north"], "target begins with “-”, which programs take for an option"),
    ("", ["region": "north"], "target is empty"),
  ]

  @Test(arguments: refused)
  func whatDoesNotFitIsRefused(target: String, params: JSONValue, message: String) throws {
    let book = try Self.book()
    let error = #expect(throws: ParameterError.self) {
      try book.validate(kind: "tenders", target: target, params: params)
    }
    #expect(error?.description == message)
  }

  @Test func commandsComeFromTheCommandLineAlone() throws {
    let error = #expect(throws: ParameterError.self) {
      try Self.book().validate(kind: "command", target: "rm -rf /", params: .null)
    }
    #expect(error?.description.contains("holdfast run") == true)
    #expect(throws: ParameterError.self) {
      try Self.book().validate(kind: "tender", target: "x", params: .null)
    }
  }

  /// Such scans can be asked for, and no worker of Holdfast itself takes them.
  @Test func aRemoteKindHasNoCommand() throws {
    let remote = try KindDeclaration(
      name: "far", json: ["remote": true, "parameters": ["n": ["type": "integer"]]])
    let near = try KindDeclaration(name: "near", json: ["command": ["true"]])
    #expect(KindBook(declared: ["near": near]).runnable == nil)
    let book = KindBook(declared: ["near": near, "far": remote])
    #expect(book.runnable == ["library", "near"])
    let checked = try book.validate(kind: "far", target: "x", params: ["n": 1])
    #expect(checked.params == ["n": 1])
  }

  static let broken: [(String, JSONValue, String)] = [
    ("Tenders", [:], "is no name for a kind"), ("library", [:], "Holdfast has itself"),
    ("a", [:], "a.command must be a list"),
    ("a", ["command": ["{target}"]], "begin with a program"),
    ("a", ["command": ["x"], "remote": true], "a.command has no place beside “remote: true”"),
    ("a", ["remote": "yes"], "a.remote must be true or false"),
    ("a", ["command": ["x"], "comand": 1], "a.comand is not known; did you mean “command”?"),
    ("a", ["command": ["x"], "timeout": "soon"], "a.timeout must be a time"),
    (
      "a", ["command": ["x"], "parameters": ["p": ["type": "text"]]],
      "a.parameters.p.type must be string, integer, number, boolean"
    ),
    (
      "a", ["command": ["x"], "parameters": ["p": ["type": "integer", "default": "1"]]],
      "a.parameters.p.default does not fit"
    ),
    ("a", ["command": ["x"], "policy": ["max_atempts": 2]], "a.policy is not one"),
  ]

  @Test(arguments: broken)
  func brokenDeclarationsSayWhere(name: String, json: JSONValue, message: String) {
    let error = #expect(throws: KindDeclaration.Fault.self) {
      try KindDeclaration(name: name, json: json)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test(
    arguments: [
      ("90", 90.0), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25),
      ("2d", 172_800),
      ("", nil), ("0", nil), ("-1", nil), ("m", nil), ("1h30", nil), ("1x", nil), ("1e3", nil),
      ("400d", nil), (".", nil),
    ] as [(String, Double?)])
  func timesAreRead(text: String, seconds: Double?) {
    #expect(TimeSpanText.seconds(text) == seconds)
  }
}
