import HoldfastCore
import Testing

@Suite struct PendingTests {
  @Test func stuckAfterFiveMinutesAndAMillisecond() {
    let snapshot = ScanSnapshot.pending { $0.queue?.workersForKind = 0 }
    let waiting = snapshot.verdict(at: at(300))
    #expect(waiting.kind == .waiting)
    #expect(waiting.reason == nil)
    #expect(waiting.sentence == "Scan 17 (library /srv) is in the queue since 5 min.")
    let stuck = snapshot.verdict(at: at(300.001))
    #expect(stuck.kind == .stuckPending)
    #expect(stuck.cause == .noWorker)
    #expect(stuck.reason == .pendingTimeout)
    #expect(stuck.overdueSince == at(300))
    #expect(
      stuck.sentence == "Scan 17 (library /srv) is stuck in the queue since 5 min: "
        + "no live worker takes library scans.")
    #expect(stuck.lost.map(\.verdict) == [.waiting, .poison])
  }

  static let causes: [(ScanSnapshot.Queue?, Verdict.PendingCause, String)] = [
    (nil, .unknown, "nothing known stands in its way"),
    (.init(workersForKind: 0, freeSlots: 0), .noWorker, "no live worker takes library scans"),
    (
      .init(workersForKind: 2, freeSlots: 0), .slotsBusy,
      "every slot of the workers for its kind is busy"
    ),
    (
      .init(workersForKind: 2, freeSlots: 0, ahead: 1), .slotsBusy,
      "every slot of the workers for its kind is busy, and 1 scan comes before it"
    ),
    (
      .init(workersForKind: 2, freeSlots: 0, ahead: 7), .slotsBusy,
      "every slot of the workers for its kind is busy, and 7 scans come before it"
    ),
    (
      .init(workersForKind: 0, freeSlots: 0, scopeHolder: 3), .scopeHeld(by: 3),
      "scan 3 holds its exclusive scope"
    ),
    (
      .init(workersForKind: 0, freeSlots: 0, scopeHolder: 3, isPaused: true), .paused,
      "the queue is paused"
    ),
    (.init(workersForKind: 1, freeSlots: 1), .unknown, "nothing known stands in its way"),
  ]

  @Test(arguments: PendingTests.causes)
  func eachCause(queue: ScanSnapshot.Queue?, cause: Verdict.PendingCause, text: String) throws {
    let verdict = ScanSnapshot.pending { $0.queue = queue }.verdict(at: at(400))
    #expect(verdict.cause == cause)
    #expect(verdict.sentence.hasSuffix(": \(text)."))
    #expect(try roundTrip(verdict) == verdict)
  }

  @Test func causesAsJSON() throws {
    let held = ScanSnapshot.pending {
      $0.queue = .init(workersForKind: 0, freeSlots: 0, scopeHolder: 3)
    }.verdict(at: at(400))
    #expect(held.json["cause"] == "scope_held" && held.json["scope_holder"] == 3)
    #expect(try json(of: held) == json(of: held.json))
    var bored = try #require(held.json.objectValue)
    bored["cause"] = "bored"
    #expect(throws: DecodingError.self) { try JSONDecoding.verdict(.object(bored)) }
    bored["cause"] = "scope_held"
    bored["scope_holder"] = Optional<JSONValue>.none
    #expect(throws: DecodingError.self) { try JSONDecoding.verdict(.object(bored)) }
  }

  @Test func theClockBeginsWhenItIsDue() {
    let snapshot = ScanSnapshot.pending { $0.runAt = at(100) }
    #expect(
      snapshot.verdict(at: at(40)).sentence == "Scan 17 (library /srv) is not due for another 60 s."
    )
    #expect(snapshot.verdict(at: at(400)).kind == .waiting)
    #expect(snapshot.verdict(at: at(400.001)).kind == .stuckPending)
  }

  @Test func whatHasKilledItsRunnersTooOftenIsPoisonAtOnce() {
    let snapshot = ScanSnapshot.pending { $0.crashes = 3 }
    let verdict = snapshot.verdict(at: at(1))
    #expect(verdict.kind == .poison)
    #expect(verdict.reason == .runnerCrashed)
    #expect(ScanSnapshot.pending { $0.crashes = 2 }.verdict(at: at(1)).kind == .waiting)
  }

  @Test func aPausedScanIsReportedAfterAWhile() {
    let snapshot = ScanSnapshot.running {
      $0.status = .paused
      $0.pausedAt = at(50)
    }
    let waiting = snapshot.verdict(at: at(350))
    #expect(waiting.kind == .waiting)
    #expect(waiting.sentence == "Scan 17 (library /srv) is paused since 5 min.")
    let stuck = snapshot.verdict(at: at(350.001))
    #expect(stuck.kind == .stuckPending)
    #expect(stuck.cause == .paused)
    #expect(stuck.sentence.hasSuffix("an operator has to let it go on."))
    #expect(snapshot.changed { $0.pausedAt = nil }.verdict(at: at(291)).kind == .stuckPending)
  }
}
