import HoldfastCore
import Testing

@Suite struct KindTests {
  private func refusal(_ params: JSONValue) -> String? {
    do throws(ParameterError) {
      _ = try LibraryParameters(json: params)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func readsEveryParameter() throws {
    let json: JSONValue = [
      "allowed_extensions": ["MP4", ".pdf", "mp4"], "max_size_bytes": 10, "follow_links": true,
      "hash": true, "exclude": ["*.tmp"], "allow_removal": true,
    ]
    let parameters = try LibraryParameters(json: json)
    #expect(
      parameters
        == LibraryParameters(
          allowedExtensions: ["mp4", "pdf"], maxSizeBytes: 10, followLinks: true, hash: true,
          exclude: ["*.tmp"], allowRemoval: true))
    #expect(try LibraryParameters(json: parameters.json) == parameters)
  }

  @Test func absentAndNullAreTheDefaults() throws {
    #expect(try LibraryParameters(json: .null) == LibraryParameters())
    #expect(try LibraryParameters(json: [:]) == LibraryParameters())
    let nulls = JSONValue.object(
      Dictionary(uniqueKeysWithValues: LibraryParameters.names.map { ($0, .null) }))
    #expect(try LibraryParameters(json: nulls) == LibraryParameters())
    #expect(LibraryParameters().json == [:])
  }

  @Test func refusesWithTheFieldAndAWayOut() {
    #expect(
      refusal(["follow-link": true])
        == "unknown parameter “follow-link”; did you mean “follow_links”?")
    #expect(refusal(["colour": 1])?.contains("known are allow_removal, allowed_extensions") == true)
    #expect(refusal(["hash": "yes"]) == "params.hash must be true or false, not a text")
    #expect(
      refusal(["max_size_bytes": 0]) == "params.max_size_bytes is 0; it must be at least 1")
    #expect(
      refusal(["max_size_bytes": 1.5])
        == "params.max_size_bytes must be a whole number, not the number 1.5")
    #expect(refusal(["exclude": "x"]) == "params.exclude must be a list of texts, not a text")
    #expect(refusal(["exclude": ["a", 3]]) == "params.exclude[1] must be a text, not the number 3")
    #expect(refusal(["exclude": [""]])?.hasPrefix("params.exclude[0] is “”") == true)
    #expect(refusal(["allowed_extensions": []])?.contains("empty list") == true)
    #expect(refusal(["allowed_extensions": ["a/b"]])?.contains("“a/b”") == true)
    #expect(refusal([1]) == "params must be an object, not a list")
  }

  @Test(arguments: [
    ("/a/b", "/a/b"), ("/a/b/", "/a/b"), ("//a///b//", "/a/b"), ("/a/./b/.", "/a/b"),
    ("/a/x/../b", "/a/b"), ("/", "/"), ("/../..", "/"), ("/a/..", "/"), ("/a/...", "/a/..."),
  ]) func targetsAreCanonical(_ given: String, _ canonical: String) throws {
    #expect(
      try KindCatalog.validate(kind: "library", target: given, params: .null).target == canonical)
  }

  @Test func refusesTargetsAndKinds() {
    func refusal(_ kind: String, _ target: String) -> String? {
      do throws(ParameterError) {
        _ = try KindCatalog.validate(kind: kind, target: target, params: .null)
        return nil
      } catch {
        return error.description
      }
    }
    #expect(refusal("library", "films")?.contains("it must be absolute") == true)
    #expect(refusal("library", "")?.contains("is empty") == true)
    #expect(refusal("library", "/a\0b")?.contains("zero byte") == true)
    #expect(refusal("libary", "/a") == "unknown kind “libary”; did you mean “library”?")
    #expect(refusal("zebra", "/a") == "unknown kind “zebra”; known are library")
  }
}
