import Foundation
import HoldfastCore
import Testing

@Suite struct ScanIDTests {
  @Test func theExampleOfTheStandard() throws {
    // RFC 9562, appendix A.6: Tuesday, 22 February 2022 2:22:22.00 PM GMT-05:00.
    let id = ScanID(
      unixMilliseconds: 1_645_557_742_000, random: (0xCC3, 0x18C4_DC0C_0C07_398F))
    #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    #expect(ScanID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f") == id)
  }

  @Test func versionAndVariantHoldForAnyRandomness() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<1000 {
      let id = ScanID(
        unixMilliseconds: Int64(bitPattern: random.next()), random: (random.next(), random.next()))
      #expect(id.high >> 12 & 0xF == 7)
      #expect(id.low >> 62 == 0b10)
    }
  }

  @Test func onlyTheLower48BitsOfTheTimeAreKept() {
    let early = ScanID(unixMilliseconds: 5, random: (1, 2))
    #expect(ScanID(unixMilliseconds: 5 + (1 << 48), random: (1, 2)) == early)
  }

  @Test func formatAndParseAreInverse() {
    var random = SeededRandom(seed: 11)
    for _ in 0..<1000 {
      let id = ScanID(high: random.next(), low: random.next())
      #expect(ScanID(id.description) == id)
      #expect(ScanID(id.description.uppercased()) == id)
      #expect(UUID(uuidString: id.description)?.uuidString.lowercased() == id.description)
    }
  }

  @Test(arguments: [
    "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
    "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398é", "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
    " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
  ])
  func anythingElseIsRefused(_ text: String) {
    #expect(ScanID(text) == nil)
  }

  @Test func laterIdsSortLaterAsValuesAndAsText() {
    var random = SeededRandom(seed: 13)
    var previous = ScanID(unixMilliseconds: 1000, random: (random.next(), random.next()))
    for step in 1..<1000 {
      let id = ScanID(
        unixMilliseconds: 1000 + Int64(step), random: (random.next(), random.next()))
      #expect(previous < id)
      #expect(previous.description < id.description)
      previous = id
    }
  }

  @Test func orderingLooksAtTheLowHalfLast() {
    #expect(ScanID(high: 1, low: 9) < ScanID(high: 2, low: 0))
    #expect(ScanID(high: 1, low: 1) < ScanID(high: 1, low: 2))
    #expect(!(ScanID(high: 1, low: 1) < ScanID(high: 1, low: 1)))
  }

  @Test func codingIsTheText() throws {
    let id = ScanID(high: 0x0102_0304_0506_7708, low: 0x8910_1112_1314_1516)
    #expect(try json(of: [id]) == #"["01020304-0506-7708-8910-111213141516"]"#)
    #expect(try roundTrip([id]) == [id])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([ScanID].self, from: Data(#"["nonsense"]"#.utf8))
    }
  }
}
