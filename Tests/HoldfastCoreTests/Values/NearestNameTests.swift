import HoldfastCore
import Testing

@Suite struct NearestNameTests {
  @Test func whatNobodyMistypesIsNotLookedUp() {
    let long = String(repeating: "a", count: 201)
    #expect(NearestName.of(long, among: [long + "b"]) == nil)
    let short = String(long.dropLast())
    #expect(NearestName.of(short, among: [short + "b"]) == short + "b")
  }
}
