import HoldfastCore
import Testing

@Suite struct ObserverHealthTests {
  static func observer() -> ObserverHealth { ObserverHealth(at: 0) }

  @Test func inGoodHealthNothingIsStretchedOrHeld() {
    var observer = Self.observer()
    observer.observe(.loopLag(seconds: 1), at: 1)
    observer.observe(.databaseLatency(seconds: 1), at: 2)
    observer.observe(.clocks(databaseSeconds: 17, ownSeconds: 15), at: 3)
    observer.observe(.census(workers: 10, silent: 2), at: 4)
    observer.observe(.census(workers: 2, silent: 2), at: 5)
    #expect(observer.stretch(at: 5) == 1)
    #expect(
      observer.limits(at: 5)
        == .init(stretch: 1, allowance: 100, because: "recoveries are released at 20 a second"))
  }

  @Test(arguments: [(1.001, 2.0), (2, 2), (2.1, 3), (4.1, 4), (65, 8), (1e9, 8)])
  func theMultiplierGrowsWithTheLag(lag: Double, stretch: Double) {
    var observer = Self.observer()
    observer.observe(.loopLag(seconds: lag), at: 1)
    #expect(observer.stretch(at: 1) == stretch)
    var slow = Self.observer()
    slow.observe(.databaseLatency(seconds: lag), at: 1)
    #expect(slow.stretch(at: 1) == stretch)
  }

  @Test func itIsForgivenStepByStep() {
    var observer = Self.observer()
    observer.observe(.loopLag(seconds: 3), at: 100)
    #expect(observer.stretch(at: 114.9) == 3)
    #expect(observer.stretch(at: 115) == 2)
    #expect(observer.stretch(at: 130) == 1)
    // Looking does not change it, and a lesser trouble does not shorten it.
    observer.observe(.loopLag(seconds: 0), at: 116)
    #expect(observer.stretch(at: 116) == 2)
    #expect(observer.stretch(at: 130) == 1)
    observer.observe(.databaseError, at: 200)
    #expect(observer.stretch(at: 200) == 2)
  }

  @Test func unwellItReleasesSlowlyAndSaysWhy() {
    var observer = Self.observer()
    observer.observe(.databaseLatency(seconds: 5), at: 0)
    observer.spend(100, at: 0)
    let limits = observer.limits(at: 1)
    // 20 a second by a multiplier of 4.
    #expect(limits.allowance == 5)
    #expect(
      limits.because
        == "the observer is unwell (the database takes 5 s to answer), and releases recoveries slowly"
    )
  }

  @Test(arguments: [(100.0, 15.0), (15, 100), (12.9, 15), (-3600, 15)])
  func aClockThatStepsHoldsEverything(database: Double, own: Double) {
    var observer = Self.observer()
    observer.observe(.clocks(databaseSeconds: database, ownSeconds: own), at: 10)
    #expect(
      observer.limits(at: 69.9)
        == .init(stretch: 1, allowance: 0, because: "the database's clock stepped"))
    #expect(observer.limits(at: 70).allowance == 20)
    // A second channel says nothing about clocks.
    observer.observe(.verified, at: 20)
    #expect(observer.limits(at: 21).allowance == 0)
  }

  @Test func aMassDeathHoldsUntilItIsVerified() {
    var observer = Self.observer()
    observer.observe(.census(workers: 10, silent: 3), at: 10)
    #expect(observer.limits(at: 11).because == "3 of 10 workers fell silent at once")
    #expect(observer.limits(at: 11).allowance == 0)
    var verified = observer
    verified.observe(.verified, at: 12)
    #expect(verified.limits(at: 12).allowance == 20)
    #expect(observer.limits(at: 70).allowance == 20)
    #expect(observer.limits(at: 71).allowance == 40)
  }

  @Test func oneDeathIsNoMassDeathHoweverFewWorkersThereAre() {
    var observer = Self.observer()
    observer.observe(.census(workers: 3, silent: 1), at: 10)
    #expect(observer.limits(at: 11).allowance == 100)
    observer.observe(.census(workers: 3, silent: 2), at: 12)
    #expect(observer.limits(at: 13).allowance == 0)
  }

  @Test func holdingPutsOffAndNeverSwitchesOff() {
    var observer = Self.observer()
    var released = 0
    for second in 0..<1200 {
      let now = Double(second)
      observer.observe(.census(workers: 10, silent: 10), at: now)
      observer.observe(.clocks(databaseSeconds: 100, ownSeconds: 1), at: now)
      let allowed = observer.limits(at: now).allowance ?? 0
      observer.spend(allowed, at: now)
      released += allowed
    }
    // Under the worst of observations half of the time is left.
    #expect(released > 1200 * 20 / 3)
    #expect(released < 1200 * 20)
  }

  @Test func theBucketFillsUpToItsBurst() {
    var observer = Self.observer()
    observer.spend(95, at: 0)
    #expect(observer.limits(at: 0).allowance == 5)
    observer.spend(50, at: 0)
    #expect(observer.limits(at: 0).allowance == 0)
    observer.spend(-5, at: 0)
    #expect(observer.limits(at: 0).allowance == 0)
    #expect(observer.limits(at: 0.5).allowance == 10)
    #expect(observer.limits(at: 1000).allowance == 100)
    // A clock of its own that goes back takes nothing away and gives nothing.
    observer.observe(.loopLag(seconds: 0), at: -50)
    #expect(observer.limits(at: 0.5).allowance == 10)
  }

  @Test func theSameObservationsGiveTheSameState() {
    func run() -> ObserverHealth {
      var observer = Self.observer()
      observer.observe(.loopLag(seconds: 3), at: 1)
      observer.observe(.census(workers: 4, silent: 4), at: 2)
      observer.spend(3, at: 3)
      return observer
    }
    #expect(run() == run())
    #expect(run() != Self.observer())
  }
}
