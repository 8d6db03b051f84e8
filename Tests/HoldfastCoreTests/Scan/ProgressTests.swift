import Foundation
import HoldfastCore
import Testing

@Suite struct ProgressTests {
  @Test(
    arguments: [
      (0, 100, false, 0), (99, 100, false, 99), (100, 100, false, 100), (250, 100, false, 100),
      (100, 100, true, 99), (1, 3, false, 33), (0, 0, false, 100), (5, -1, false, 100),
    ] as [(Int64, Int64, Bool, Int)])
  func percentage(done: Int64, total: Int64, isEstimate: Bool, expected: Int) {
    #expect(Progress(done: done, total: total, isEstimate: isEstimate).percentage == expected)
  }

  @Test func anUnknownTotalHasNoPercentage() {
    #expect(Progress(done: 12).percentage == nil)
  }

  @Test func missingFieldsHaveDefaults() throws {
    let read = try JSONDecoder().decode(Progress.self, from: Data(#"{"done":7}"#.utf8))
    #expect(read == Progress(done: 7))
    #expect(try JSONDecoder().decode(Progress.self, from: Data("{}".utf8)) == Progress())
  }

  @Test func aWholeOneSurvivesTheRoundTrip() throws {
    let progress = Progress(
      done: 15, total: 20, isEstimate: true, unit: "pages", bytes: 1 << 40, step: "fetch",
      current: "https://example.com/")
    #expect(try roundTrip(progress) == progress)
  }
}
