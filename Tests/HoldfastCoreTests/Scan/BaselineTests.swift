import HoldfastCore
import Testing

@Suite struct BaselineTests {
  @Test func aPartIDIsSixteenBigEndianBytes() {
    let id = Baseline.PartID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    #expect(id.bytes == Array(1...16))
    #expect(Baseline.PartID(bytes: Array(1...16)) == id)
    #expect(Baseline.PartID(bytes: Array(1...15)) == nil)
    #expect(Baseline.PartID(bytes: Array(1...17)) == nil)
  }

  @Test func theOrderIsThatOfTheBytes() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<500 {
      let left = Baseline.PartID(high: random.next() % 3, low: random.next())
      let right = Baseline.PartID(high: random.next() % 3, low: random.next())
      #expect((left < right) == left.bytes.lexicographicallyPrecedes(right.bytes))
    }
  }
}
