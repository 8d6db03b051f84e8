import HoldfastCore
import Testing

/// Each verdict, at the millisecond at which it begins to hold and the one before.
@Suite struct VerdictTests {
  @Test func aHealthyScanIsMoving() {
    let verdict = ScanSnapshot.running().verdict(at: at(4))
    #expect(verdict.kind == .moving)
    #expect(verdict.reason == nil)
    #expect(verdict.overdueSince == nil)
    #expect(
      verdict.sentence
        == "Scan 17 (library /srv) is moving: it last moved 3 s ago, at 45 % in step “walk”.")
    #expect(
      verdict.lost.map(\.verdict) == [
        .poison, .neverStarted, .dead, .stuckCancelling, .hung, .waiting, .slow,
      ])
  }

  @Test func deadAfterThreeIntervalsAndAMillisecond() {
    let snapshot = ScanSnapshot.running()
    #expect(snapshot.verdict(at: at(91)).kind == .moving)
    let verdict = snapshot.verdict(at: at(91.001))
    #expect(verdict.kind == .dead)
    #expect(verdict.reason == .workerLost)
    #expect(verdict.overdueSince == at(91))
    #expect(
      verdict.sentence == "Scan 17 (library /srv) is dead: its last heartbeat is 90 s old, "
        + "of 90 s allowed, at 45 % in step “walk”.")
  }

  @Test func deadUnderALivingWorkerIsAStaleHeartbeatAndSpeaksAgainstTheScan() {
    let snapshot = ScanSnapshot.running { $0.worker?.lastHeartbeatAt = at(90) }
    let verdict = snapshot.verdict(at: at(92))
    #expect(verdict.reason == .heartbeatStale)
    #expect(verdict.blamesScan)
  }

  @Test func aWorkerThatFellSilentWithItsScanIsLost() {
    // It beat once more, less than an interval later: that is the same death.
    let together = ScanSnapshot.running { $0.worker?.lastHeartbeatAt = at(31) }
    #expect(together.verdict(at: at(92)).reason == .workerLost)
    let outlived = ScanSnapshot.running { $0.worker?.lastHeartbeatAt = at(31.001) }
    #expect(outlived.verdict(at: at(92)).reason == .heartbeatStale)
  }

  @Test func ofSeveralScansOnADeadWorkerNoneIsBlamed() {
    #expect(!ScanSnapshot.running().verdict(at: at(92)).blamesScan)
    let alone = ScanSnapshot.running { $0.worker?.running = 1 }.verdict(at: at(92))
    #expect(alone.blamesScan)
    #expect(alone.reason == .workerLost)
  }

  @Test func withoutAWorkerItIsAStaleHeartbeatThatBlamesNobody() {
    let verdict = ScanSnapshot.running { $0.worker = nil }.verdict(at: at(92))
    #expect(verdict.kind == .dead)
    #expect(verdict.reason == .heartbeatStale)
    #expect(!verdict.blamesScan)
  }

  @Test func aWorkerWhoseProcessIsGoneNeedsNoWaiting() {
    let snapshot = ScanSnapshot.running { $0.worker?.secondOpinion = .gone }
    let verdict = snapshot.verdict(at: at(1.5))
    #expect(verdict.kind == .dead)
    #expect(verdict.reason == .workerLost)
    #expect(verdict.sentence.contains("its worker's process is gone"))
  }

  @Test func aWorkerThatAnswersOtherwiseGetsTheTimeTwice() {
    let snapshot = ScanSnapshot.running { $0.worker?.secondOpinion = .alive }
    #expect(snapshot.verdict(at: at(181)).kind == .moving)
    #expect(snapshot.verdict(at: at(181.001)).kind == .dead)
    #expect(snapshot.verdict(at: at(181.001)).reason == .heartbeatStale)
  }

  @Test func aScanThatNeverBeatIsNotExempt() {
    let snapshot = ScanSnapshot.running {
      $0.lastActivityAt = nil
      $0.startedAt = nil
      $0.progressAt = nil
      $0.progress = nil
    }
    #expect(snapshot.verdict(at: at(90)).kind == .moving)
    let verdict = snapshot.verdict(at: at(90.001))
    #expect(verdict.kind == .neverStarted)
    #expect(verdict.reason == .workerLost)
    #expect(
      verdict.sentence
        == "Scan 17 (library /srv) has never started: no heartbeat since its claim 90 s ago.")
  }

  @Test(arguments: [-500.0, 0])
  func beatsOfAnEarlierAttemptNeitherKillNorSave(lastBeat: Double) {
    let snapshot = ScanSnapshot.running {
      $0.attempt = 2
      $0.startedAt = at(-1000)
      $0.lastActivityAt = at(lastBeat)
      $0.progressAt = at(-500)
    }
    #expect(snapshot.verdict(at: at(90)).kind == .moving)
    #expect(snapshot.verdict(at: at(90.001)).kind == .neverStarted)
  }

  @Test func withNoTimesAtAllItsAgeCounts() {
    let snapshot = ScanSnapshot.running {
      $0.claimedAt = nil
      $0.startedAt = nil
      $0.lastActivityAt = nil
      $0.progressAt = nil
      $0.worker = nil
    }
    #expect(snapshot.verdict(at: at(80)).kind == .moving)
    #expect(snapshot.verdict(at: at(80.001)).kind == .neverStarted)
  }

  @Test func hungWhenAliveAndNotMovingForTheStallWindow() {
    var snapshot = ScanSnapshot.running()
    snapshot.beat(at: 600)
    #expect(snapshot.verdict(at: at(601)).kind == .moving)
    let verdict = snapshot.verdict(at: at(601.001))
    #expect(verdict.kind == .hung)
    #expect(verdict.reason == .progressStalled)
    #expect(verdict.overdueSince == at(601))
    #expect(
      verdict.sentence == "Scan 17 (library /srv) is hung: it is alive, but nothing has moved "
        + "for 10 min, of 10 min allowed, at 45 % in step “walk”.")
    #expect(
      verdict.lost.first { $0.verdict == .dead }?.because
        == "its last heartbeat is 1.0 s old, of 90 s allowed")
  }

  @Test func activityMovesOnlyWhereThePolicySaysSo() {
    var snapshot = ScanSnapshot.running { $0.activity = .init(changedAt: at(500)) }
    snapshot.beat(at: 700)
    #expect(snapshot.verdict(at: at(701)).kind == .hung)
    var policy = Policy.default(for: "library")
    policy.movement = .any
    #expect(snapshot.verdict(at: at(701), policy: policy).kind == .moving)
    snapshot.beat(at: 1100)
    #expect(snapshot.verdict(at: at(1100), policy: policy).kind == .moving)
    #expect(snapshot.verdict(at: at(1100.001), policy: policy).kind == .hung)
  }

  @Test func hungWhenNeitherAnsweringNorMovingNorActive() {
    var snapshot = ScanSnapshot.running {
      $0.answeredAt = at(10)
      $0.activity = .init(changedAt: at(20))
    }
    snapshot.beat(at: 110)
    #expect(snapshot.verdict(at: at(110)).kind == .moving)
    let verdict = snapshot.verdict(at: at(110.001))
    #expect(verdict.kind == .hung)
    #expect(verdict.reason == .heartbeatStale)
    // Any one of the three signs of life refutes it.
    #expect(snapshot.changed { $0.answeredAt = at(100) }.verdict(at: at(110.001)).kind == .moving)
    #expect(
      snapshot.changed { $0.activity?.changedAt = at(100) }.verdict(at: at(110.001)).kind
        == .moving)
    #expect(snapshot.changed { $0.progressAt = at(100) }.verdict(at: at(110.001)).kind == .moving)
    #expect(snapshot.changed { $0.activity = nil }.verdict(at: at(110.001)).kind == .moving)
    #expect(snapshot.changed { $0.answeredAt = nil }.verdict(at: at(110.001)).kind == .moving)
  }

  @Test func outOfTimeWhileMoving() {
    var snapshot = ScanSnapshot.running { $0.progressAt = at(1790) }
    snapshot.beat(at: 1799)
    #expect(snapshot.verdict(at: at(1800)).reason == nil)
    let verdict = snapshot.verdict(at: at(1800.001))
    #expect(verdict.kind == .moving)
    #expect(verdict.reason == .runtimeTimeout)
    #expect(verdict.overdueSince == at(1800))
    #expect(verdict.sentence.hasSuffix("but it has had its 30 min."))
  }

  @Test func timeIsCountedFromTheAttemptNotFromTheFirstStart() {
    var snapshot = ScanSnapshot.running {
      $0.startedAt = at(-5000)
      $0.createdAt = at(-6000)
      $0.progressAt = at(1790)
    }
    snapshot.beat(at: 1799)
    #expect(snapshot.verdict(at: at(1800)).reason == nil)
  }

  @Test func aSparedDeadlineDoesNotEndWhatMoves() {
    let policy = Policy.default(for: "portal")
    var snapshot = ScanSnapshot.running { $0.progressAt = at(200_000) }
    snapshot.beat(at: 200_000)
    #expect(snapshot.verdict(at: at(200_010), policy: policy).reason == nil)
    snapshot.beat(at: 203_700)
    #expect(
      snapshot.verdict(at: at(203_700), policy: policy).reason == .progressStalled)
  }

  @Test func theScansOwnLimitsReplaceThePolicys() {
    var snapshot = ScanSnapshot.running {
      $0.maxRuntimeMinutes = 1
      $0.heartbeatIntervalSeconds = 5
    }
    #expect(snapshot.verdict(at: at(16)).kind == .moving)
    #expect(snapshot.verdict(at: at(16.001)).kind == .dead)
    snapshot.staleMultiple = 5
    #expect(snapshot.verdict(at: at(26)).kind == .moving)
    #expect(snapshot.verdict(at: at(26.001)).kind == .dead)
    snapshot.beat(at: 60)
    #expect(snapshot.verdict(at: at(60)).reason == nil)
    #expect(snapshot.verdict(at: at(60.001)).reason == .runtimeTimeout)
  }

  @Test func stuckCancelling() {
    var snapshot = ScanSnapshot.running {
      $0.request = .cancel
      $0.requestedAt = at(10)
    }
    snapshot.beat(at: 65)
    #expect(snapshot.verdict(at: at(70)).reason == nil)
    let verdict = snapshot.verdict(at: at(70.001))
    #expect(verdict.kind == .stuckCancelling)
    #expect(verdict.reason == .manualIntervention)
    #expect(
      verdict.sentence
        == "Scan 17 (library /srv) does not stop: it was asked to cancel 60 s ago, of 60 s allowed."
    )
    #expect(snapshot.changed { $0.requestedAt = nil }.verdict(at: at(70.001)).kind == .moving)
    // A wish from before the claim counts from the claim.
    let older = snapshot.changed { $0.requestedAt = at(-1000) }
    #expect(older.verdict(at: at(60)).kind == .moving)
    #expect(older.verdict(at: at(60.001)).kind == .stuckCancelling)
  }

  @Test func poisonWhenThisDeathIsTheLastAllowed() {
    let snapshot = ScanSnapshot.running {
      $0.crashes = 2
      $0.worker?.running = 1
    }
    #expect(snapshot.verdict(at: at(91)).kind == .moving)
    let verdict = snapshot.verdict(at: at(91.001))
    #expect(verdict.kind == .poison)
    #expect(verdict.reason == .runnerCrashed)
    #expect(
      verdict.sentence
        == "Scan 17 (library /srv) is poison: its runners have died 3 times, of 3 allowed.")
    #expect(snapshot.changed { $0.crashes = 1 }.verdict(at: at(91.001)).kind == .dead)
    #expect(snapshot.changed { $0.worker?.running = 2 }.verdict(at: at(91.001)).kind == .dead)
    // An operator who runs it again is not overruled while it is alive.
    #expect(snapshot.changed { $0.crashes = 30 }.verdict(at: at(5)).kind == .moving)
  }

  @Test func slowIsReportedAndNeverEnded() {
    var snapshot = ScanSnapshot.running {
      $0.doneAtClaim = 15
      $0.progressAt = at(95)
      $0.learned = .init(usualRatePerSecond: 1.3)
    }
    snapshot.beat(at: 99)
    // 30 units in 100 s are 0.3 a second, 23 % of what is usual.
    let verdict = snapshot.verdict(at: at(100))
    #expect(verdict.kind == .slow)
    #expect(verdict.reason == nil)
    #expect(
      verdict.sentence.hasPrefix(
        "Scan 17 (library /srv) is slow: it does 23 % of its kind's usual rate"))
    #expect(
      snapshot.changed { $0.learned?.usualRatePerSecond = 1.2 }.verdict(at: at(100)).kind
        == .moving)
    #expect(snapshot.changed { $0.doneAtClaim = 0 }.verdict(at: at(100)).kind == .moving)
    // Time spent in declared waits is not slowness, and the first minute tells nothing.
    #expect(snapshot.changed { $0.waitedSeconds = 30 }.verdict(at: at(100)).kind == .moving)
    let fresh = snapshot.changed {
      $0.beat(at: 50)
      $0.progressAt = at(50)
    }
    #expect(fresh.verdict(at: at(59.999)).kind == .moving)
  }

  @Test func anEndedScanOwesNothing() {
    for status in ScanStatus.allCases where status.isTerminal {
      let snapshot = ScanSnapshot.running { $0.status = status }
      let verdict = snapshot.verdict(at: at(1e6))
      #expect(verdict.kind == .ended)
      #expect(verdict.reason == nil)
      #expect(Supervision.earliestCheck(snapshot, policy: .default(for: "library")) == nil)
    }
  }

  @Test func aClockThatStepsBackMakesNobodyOld() {
    let snapshot = ScanSnapshot.running { $0.beat(at: 5000) }
    let verdict = snapshot.verdict(at: at(-100))
    #expect(verdict.kind == .moving)
    #expect(verdict.evidence.allSatisfy { ($0.seconds ?? 0) >= 0 })
  }

  @Test func aForwardStepThatWasSeenMakesNobodyOld() {
    let snapshot = ScanSnapshot.running { $0.clockSteps = [.init(at: at(3605), seconds: 3600)] }
    #expect(snapshot.verdict(at: at(3605)).kind == .moving)
    #expect(snapshot.verdict(at: at(3691)).kind == .moving)
    #expect(snapshot.verdict(at: at(3691.001)).kind == .dead)
    // What came after the step is as old as it looks.
    let later = snapshot.changed { $0.beat(at: 3700) }
    #expect(later.verdict(at: at(3790)).kind == .moving)
    #expect(later.verdict(at: at(3790.001)).kind == .dead)
  }

  @Test func severalThingsAtOnceAreExplainedByTheGravest() {
    let snapshot = ScanSnapshot.running {
      $0.request = .cancel
      $0.requestedAt = at(5)
    }
    let verdict = snapshot.verdict(at: at(5000))
    #expect(verdict.kind == .dead)
    let hung = verdict.lost.first { $0.verdict == .hung }
    #expect(hung?.because.hasSuffix(", which “dead” explains") == true)
    #expect(
      verdict.exceeded
        == [.heartbeatStale, .manualIntervention, .progressStalled, .runtimeTimeout])
    #expect(verdict.lost.count == 7)
  }

  @Test func storedAsJSON() throws {
    let verdict = ScanSnapshot.running().verdict(at: at(91.001))
    #expect(try roundTrip(verdict) == verdict)
    let text = try json(of: verdict)
    #expect(text.contains(#""verdict":"dead""#))
    #expect(text.contains(#""reason":"worker_lost""#))
    #expect(text.contains(#""overdue_since":"2026-01-01T00:01:31.000Z""#))
    #expect(text.contains(#""judged_at":"2026-01-01T00:01:31.001Z""#))
    #expect(
      text.contains(
        #"{"limit_seconds":90,"seconds":90.001,"signal":"heartbeat","text":"last heartbeat 90 s ago"}"#
      ))
  }
}

extension ScanSnapshot {
  /// A copy with a change.
  func changed(_ change: (inout ScanSnapshot) -> Void) -> ScanSnapshot {
    var copy = self
    change(&copy)
    return copy
  }
}
