import HoldfastCore
import Testing

@Suite struct StableHashTests {
  /// The test vectors of the FNV-1a reference, 128 bits.
  @Test(arguments: [
    ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
    ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
  ])
  func theReferenceVectors(text: String, expected: String) {
    var hash = StableHash()
    for byte in text.utf8 { hash.add(byte: byte) }
    #expect(hash.description == expected)
  }

  @Test func partsDoNotRunIntoEachOther() {
    func hash(_ parts: String...) -> String {
      var hash = StableHash()
      for part in parts { hash.add(part) }
      return hash.description
    }
    #expect(hash("ab", "c") != hash("a", "bc"))
    #expect(hash("") != hash())
    var none = StableHash()
    none.add(nil as Int64?)
    var zero = StableHash()
    zero.add(0 as Int64?)
    #expect(none.description != zero.description)
    #expect(none.description.count == 32)
  }
}
