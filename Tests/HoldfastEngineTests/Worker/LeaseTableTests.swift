import HoldfastCore
import HoldfastStorage
import Synchronization
import Testing

@testable import HoldfastEngine

@Suite struct LeaseTableTests {
  /// What the attempts were told.
  final class Told: Sendable {
    private let causes = Mutex<[String]>([])
    var all: [String] { causes.withLock { $0 } }
    func add(_ name: String, _ cause: AttemptCore.StopCause) {
      causes.withLock { $0.append("\(name) \(cause)") }
    }
  }

  let table = LeaseTable(maxMarginSeconds: 16)
  let told = Told()
  let start = ContinuousClock.now
  let lease = Lease(scanID: ScanID(high: 1, low: 1), token: 1)
  let other = Lease(scanID: ScanID(high: 2, low: 2), token: 1)

  func add(_ lease: Lease, _ name: String, interval: Double = 30) {
    table.add(lease, intervalSeconds: interval, claimedAt: start) { [told] in told.add(name, $0) }
  }

  func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  @Test func passesOnWhatTheDatabaseAnswers() {
    add(lease, "a")
    add(other, "b")
    table.beaten(
      [lease, other], sentAt: at(1),
      outcome: BeatOutcome(lost: [lease], requests: [other.scanID: .cancel]))
    #expect(told.all.sorted() == ["a superseded", "b cancel"])
  }

  @Test func aLeaseIsGivenUpBeforeItCanHaveBeenGivenAway() {
    add(lease, "a")
    #expect(table.giveUpUnsure(now: at(0)) == at(90 - 16))
    #expect(table.giveUpUnsure(now: at(73.9)) == at(74))
    #expect(told.all == [])
    #expect(table.giveUpUnsure(now: at(80)) == nil)
    #expect(told.all == ["a leaseUnsure(secondsLeft: 9.0)"])
    #expect(table.giveUpUnsure(now: at(81)) == nil)
    #expect(told.all.count == 1, "told once")
  }

  @Test func aRenewalCountsFromWhenItWasSent() {
    add(lease, "a")
    table.beaten([lease], sentAt: at(50), outcome: BeatOutcome(lost: [], requests: [:]))
    #expect(table.giveUpUnsure(now: at(80)) == at(50 + 74))
  }

  @Test func aScanWithAShortIntervalHasAShortMargin() {
    add(lease, "a", interval: 2)
    #expect(table.giveUpUnsure(now: at(0)) == at(4))
    #expect(table.shortestIntervalSeconds == 2)
  }

  @Test func aMachineThatSleptGivesUpAtOnce() {
    add(lease, "a")
    _ = table.giveUpUnsure(now: at(5000))
    #expect(told.all == ["a leaseUnsure(secondsLeft: 0.0)"])
  }
}
