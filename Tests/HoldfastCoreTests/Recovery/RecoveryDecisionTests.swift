import HoldfastCore
import Testing

@Suite struct RecoveryDecisionTests {
  static func decide(
    _ snapshot: ScanSnapshot, at now: Double, change: (inout Policy) -> Void = { _ in }
  ) -> RecoveryDecision? {
    var policy = Policy.default(for: snapshot.kind)
    change(&policy)
    let verdict = Supervision.verdict(snapshot, policy: policy, now: at(now))
    return RecoveryDecision.decide(snapshot, verdict: verdict, policy: policy)
  }

  static let fresh = ScanSnapshot.running { $0.progress = nil }

  @Test func nothingIsDoneAboutWhatIsInOrder() {
    #expect(Self.decide(.running(), at: 5) == nil)
    #expect(Self.decide(.pending(), at: 5) == nil)
    #expect(Self.decide(ScanSnapshot.running { $0.status = .failed }, at: 1e6) == nil)
  }

  @Test func resumedFromACheckpointOrProgressOrItems() {
    let checkpoint = Self.fresh.changed { $0.hasCheckpoint = true }
    #expect(
      Self.decide(checkpoint, at: 100)
        == RecoveryDecision(
          action: .resume, reason: .workerLost, why: "it has a checkpoint to go on from",
          countsAsStuck: true))
    let kept = "it has made progress that is kept"
    #expect(Self.decide(.running(), at: 100)?.why == kept)
    #expect(Self.decide(Self.fresh.changed { $0.items = 1 }, at: 100)?.why == kept)
  }

  @Test func elseRequeued() {
    #expect(
      Self.decide(Self.fresh, at: 100)
        == RecoveryDecision(
          action: .requeue, reason: .workerLost,
          why: "it has neither a checkpoint nor progress to go on from", countsAsStuck: true))
    #expect(Self.decide(.running(), at: 100) { $0.onStuck = .requeue }?.action == .requeue)
  }

  @Test(arguments: [(0, false), (1, false), (2, true), (3, true)])
  func elseFailedWhenAttemptsAreUsedUp(stuck: Int, fails: Bool) {
    for snapshot in [ScanSnapshot.running(), Self.fresh] {
      let decision = Self.decide(snapshot.changed { $0.stuckAttempts = stuck }, at: 100)
      #expect((decision?.action == .fail) == fails)
    }
    let requeued = Self.decide(Self.fresh.changed { $0.stuckAttempts = stuck }, at: 100) {
      $0.onStuck = .requeue
    }
    #expect((requeued?.action == .fail) == fails)
  }

  @Test func aCrashIsCountedApartFromStuckAttempts() {
    let crashed = ScanSnapshot.running {
      $0.stuckAttempts = 50
      $0.worker?.lastHeartbeatAt = at(95)
    }
    #expect(
      Self.decide(crashed, at: 100)
        == RecoveryDecision(
          action: .resume, reason: .heartbeatStale, why: "it has made progress that is kept",
          countsAsCrash: true))
    let poison = crashed.changed { $0.crashes = 2 }
    #expect(
      Self.decide(poison, at: 100)
        == RecoveryDecision(
          action: .fail, reason: .runnerCrashed,
          why: "it is kept from the queue, since it has killed its runner too often",
          countsAsCrash: true))
    #expect(Self.decide(poison, at: 100) { $0.onStuck = .alert }?.action == .alert)
    let inQueue = Self.decide(ScanSnapshot.pending { $0.crashes = 3 }, at: 1)
    #expect(inQueue?.action == .fail)
    #expect(inQueue?.countsAsCrash == false)
  }

  @Test func thePolicysOtherChoices() {
    #expect(Self.decide(.running(), at: 100) { $0.onStuck = .fail }?.action == .fail)
    let alert = Self.decide(.running(), at: 100) { $0.onStuck = .alert }
    #expect(alert?.action == .alert)
    #expect(alert?.action.changes == false)
    #expect(alert?.countsAsStuck == false)
  }

  @Test(arguments: [RequestedAction.cancel, .pause])
  func anOperatorsWishIsFinishedFirst(request: RequestedAction) {
    let asked = ScanSnapshot.running {
      $0.request = request
      $0.requestedAt = at(2)
      $0.stuckAttempts = 9
    }
    let action: RecoveryDecision.Action = request == .cancel ? .cancel : .pause
    // Dead, not stopping, hung, out of time.
    #expect(Self.decide(asked, at: 100)?.action == action)
    let deaf = asked.changed { $0.beat(at: 90) }
    #expect(Self.decide(deaf, at: 100)?.action == action)
    #expect(Self.decide(deaf, at: 100)?.reason == .manualIntervention)
    #expect(Self.decide(deaf, at: 100) { $0.onStuck = .alert }?.action == action)
  }

  @Test func theHungAndTheOverdueAreRecoveredAlike() {
    let hung = ScanSnapshot.running { $0.beat(at: 700) }
    #expect(Self.decide(hung, at: 701)?.reason == .progressStalled)
    #expect(Self.decide(hung, at: 701)?.countsAsStuck == true)
    let overdue = ScanSnapshot.running {
      $0.beat(at: 1800)
      $0.progressAt = at(1800)
    }
    #expect(Self.decide(overdue, at: 1801)?.reason == .runtimeTimeout)
  }

  @Test func whatNobodyClaimsIsReportedOrFailed() {
    #expect(Self.decide(.pending(), at: 301)?.action == .alert)
    #expect(
      Self.decide(.pending(), at: 301) { $0.onPendingTimeout = .fail }
        == RecoveryDecision(
          action: .fail, reason: .pendingTimeout,
          why: "its policy fails what nobody claims in time"))
    let paused = ScanSnapshot.running { $0.status = .paused }
    #expect(Self.decide(paused, at: 1000) { $0.onPendingTimeout = .fail }?.action == .alert)
    let stopped = ScanSnapshot.pending { $0.queue?.isPaused = true }
    #expect(Self.decide(stopped, at: 1000) { $0.onPendingTimeout = .fail }?.action == .alert)
  }

  @Test func eachActionOfARunningOrPendingScanIsATransition() {
    let events: [RecoveryDecision.Action: Lifecycle.Event] = [
      .resume: .requeue, .requeue: .requeue, .fail: .fail, .cancel: .cancel, .pause: .pause,
    ]
    for action in RecoveryDecision.Action.allCases where action.changes {
      let event = events[action]
      #expect(event.flatMap { Lifecycle.status(after: $0, from: .running) } != nil)
    }
    #expect(Lifecycle.status(after: .expire, from: .pending) == .failed)
  }
}
