import HoldfastCore
import Testing

@Suite struct SpanTextTests {
  @Test(arguments: [
    (-5, "0 s"), (0, "0 s"), (0.4, "0.4 s"), (0.99, "0.9 s"), (9.99, "9.9 s"), (10.9, "10 s"),
    (90, "90 s"), (119.9, "119 s"), (120, "2 min"), (601, "10 min 1 s"), (7199, "119 min 59 s"),
    (7200, "2 h"), (7500, "2 h 5 min"), (172_799, "47 h 59 min"), (172_800, "2 d"),
    (273_600, "3 d 4 h"), (.infinity, "for ever"), (1e30, "for ever"), (.nan, "for ever"),
  ])
  func spans(seconds: Double, text: String) {
    #expect(SpanText.describe(seconds: seconds) == text)
  }
}
