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
