import HoldfastCore
import Testing

@Suite struct GapTrackerTests {
  typealias Gap = GapTracker.StepGap

  @Test func theLargestGapOfEachStep() {
    var tracker = GapTracker(at: 100, step: "walk")
    tracker.moved(at: 103)
    tracker.moved(at: 104, step: "hash")
    tracker.moved(at: 111)
    tracker.moved(at: 113, step: "walk")
    tracker.moved(at: 115)
    #expect(
      tracker.finished(at: 116) == [Gap(step: "hash", seconds: 7), Gap(step: "walk", seconds: 3)])
  }

  @Test func aGapBelongsToTheStepThatWasSilent() {
    var tracker = GapTracker(at: 0, step: "a")
    tracker.moved(at: 50, step: "b")
    #expect(tracker.finished(at: 51) == [Gap(step: "a", seconds: 50), Gap(step: "b", seconds: 1)])
  }

  @Test func theSilenceBeforeTheEndCounts() {
    let tracker = GapTracker(at: 0, step: "a")
    #expect(tracker.silence(at: 30) == 30)
    #expect(tracker.finished(at: 30) == [Gap(step: "a", seconds: 30)])
    #expect(tracker.finished(at: 0) == [])
  }

  @Test func declaredWaitsAndClocksThatGoBackAreNoSilence() {
    var tracker = GapTracker(at: 0)
    tracker.waited(seconds: 20)
    tracker.waited(seconds: -5)
    #expect(tracker.silence(at: 25) == 5)
    tracker.moved(at: 25)
    tracker.moved(at: 10)
    #expect(tracker.silence(at: 20) == 0)
    #expect(tracker.finished(at: 26) == [Gap(step: "", seconds: 5)])
  }

  @Test func manyStepsShareOneEntry() {
    var tracker = GapTracker(at: 0, step: "0")
    for step in 1...1000 { tracker.moved(at: Double(step), step: "\(step)") }
    let gaps = tracker.finished(at: 2000)
    #expect(gaps.count == GapTracker.maxSteps)
    #expect(gaps.first == Gap(step: "", seconds: 1000))
  }
}
