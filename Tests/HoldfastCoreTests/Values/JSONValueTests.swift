import Foundation
import HoldfastCore
import Testing

@Suite struct JSONValueTests {
  static let values: [(JSONValue, String)] = [
    (.null, "null"), (true, "true"), (false, "false"), (0, "0"), (-1, "-1"),
    (.int(.max), "9223372036854775807"), (.int(.min), "-9223372036854775808"), (1.5, "1.5"),
    ("", #""""#), ("a\"b\\c\nd\u{1F680}é", #""a\"b\\c\nd🚀é""#), ([], "[]"),
    ([1, "2", nil], #"[1,"2",null]"#),
    ([:], "{}"), (["a": 1, "b": ["c": [true]]], #"{"a":1,"b":{"c":[true]}}"#),
  ]

  @Test(arguments: JSONValueTests.values) func bothWays(value: JSONValue, text: String) throws {
    #expect(try json(of: value) == text)
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) == value)
  }

  @Test(arguments: [
    #"["\u00e9\ud83d\ude00\n\t\r\b\f\/\\\""]"#, #"[1.5,-0.5,0,-7,12345678901234567890]"#,
    #" { "a" : [ ] , "b" : { } } "#,
  ])
  func readsAsFoundationDoes(_ text: String) throws {
    let expected = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(JSONValue(parsing: text) == expected)
    // A lone surrogate is no character.
    #expect(JSONValue(parsing: #""\ud83d""#) == "\u{FFFD}")
  }

  @Test(arguments: [("", 0), ("nul", 0), (#"{"a":1} x"#, 8), (#"{"a" 1}"#, 5), ("[[[]]]", 2)])
  func saysWhereATextStopsBeingJSON(_ text: String, _ offset: Int) {
    let result = Array(text.utf8).withUnsafeBytes { JSONValue.parse($0, maxDepth: 1) }
    guard case .failure(let error) = result else {
      Issue.record("it was read")
      return
    }
    #expect(error.offset == offset)
  }

  @Test(
    arguments: [
      (#"{"a":1,"a":1}"#, "a", 7), (#"{"a":{"b":1,"c":2,"b":3}}"#, "b", 18),
      (#"[{"x":1},{"x":1,"\u0078":2}]"#, "x", 16), (#"{"é":1,"e\u0301":2}"#, "é", 8),
      (#"{"a":1,"A":2,"b":[{"a":1},{"a":2}]}"#, nil, 0),
    ] as [(String, String?, Int)])
  func whatComesTwiceIsRefusedWhereItIsAskedFor(text: String, name: String?, offset: Int) {
    let bytes = Array(text.utf8)
    let strict = bytes.withUnsafeBytes { JSONValue.parse($0, refusingRepeats: true) }
    let lenient = bytes.withUnsafeBytes { JSONValue.parse($0) }
    guard case .success = lenient else {
      Issue.record("it was not read")
      return
    }
    guard let name else {
      #expect(strict == lenient)
      return
    }
    guard case .failure(let error) = strict else {
      Issue.record("it was taken")
      return
    }
    #expect(error.offset == offset && error.repeated == name)
  }

  @Test func numbersKeepWhatTheyCan() throws {
    func read(_ text: String) throws -> JSONValue {
      try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
    #expect(try read("9223372036854775808").doubleValue == 9_223_372_036_854_775_808)
    #expect(try read("2.0").intValue == 2)
    #expect(try read("2.5").intValue == nil)
    #expect(try read("3").doubleValue == 3)
  }

  @Test func accessorsAnswerOnlyForTheirOwnCase() {
    let object: JSONValue = ["name": "x", "flag": true, "list": [1], "inner": ["n": 2]]
    #expect(object["name"]?.stringValue == "x")
    #expect(object["flag"]?.boolValue == true)
    #expect(object["list"]?.arrayValue == [1])
    #expect(object["inner"]?.objectValue == ["n": 2])
    #expect(object["absent"] == nil)
    #expect(JSONValue.string("x")["name"] == nil)
    #expect(JSONValue.int(1).stringValue == nil)
    #expect(JSONValue.string("1").intValue == nil)
    #expect(JSONValue.string("1").doubleValue == nil)
    #expect(JSONValue.int(1).boolValue == nil)
    #expect(JSONValue.null.arrayValue == nil)
    #expect(JSONValue.null.objectValue == nil)
    #expect(JSONValue.double(.infinity).intValue == nil)
  }

  @Test func aRepeatedKeyOfALiteralTakesTheLast() {
    #expect(JSONValue(dictionaryLiteral: ("a", 1), ("a", 2)) == ["a": 2])
  }
}
