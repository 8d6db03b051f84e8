import HoldfastCore
import Testing

@Suite struct SortedWindowTests {
  @Test func theSameAsSortingTheLastSoMany() throws {
    var random = SeededRandom(seed: 5)
    var window = SortedWindow(capacity: 7)
    var all: [Double] = []
    #expect(window.median == nil)
    for _ in 0..<500 {
      // Few different values, so that equal ones meet.
      let value = Double(random.next() % 5)
      window.add(value)
      all.append(value)
      let sorted = all.suffix(7).sorted()
      #expect(window.count == sorted.count)
      for rank in 1...sorted.count { #expect(window.smallest(rank) == sorted[rank - 1]) }
      #expect(window.smallest(0) == nil)
      #expect(window.smallest(sorted.count + 1) == nil)
      #expect(window.median == sorted[(sorted.count - 1) / 2])
      for bound in [-1.0, 0, 2, 2.5, 4, 5] {
        #expect(window.countAtLeast(bound) == sorted.count { $0 >= bound })
      }
    }
    #expect(try roundTrip(window) == window)
  }
}
