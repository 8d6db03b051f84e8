import HoldfastCore
import Testing

@Suite struct RecoveryPlanTests {
  static func plan(
    _ snapshots: [ScanSnapshot], at now: Double, filter: RecoveryPlan.Filter = .init(),
    limits: RecoveryPlan.Limits = .init()
  ) -> RecoveryPlan {
    RecoveryPlan.make(
      snapshots, policy: { .default(for: $0.kind) }, now: at(now), filter: filter, limits: limits)
  }

  /// Dead since 91, dead since 81, stuck in the queue since 300, in good order.
  static let mixed = [
    ScanSnapshot.running(1), ScanSnapshot.running(2) { $0.beat(at: -9) },
    ScanSnapshot.pending(3),
    ScanSnapshot.running(4) {
      $0.beat(at: 395)
      $0.progressAt = at(395)
    },
  ]

  @Test func theLongestOverdueComesFirstAndTheRestIsPassedOver() {
    let plan = Self.plan(Self.mixed, at: 400)
    #expect(plan.entries.map(\.number) == [2, 1, 3])
    #expect(plan.entries.map(\.decision.action) == [.resume, .resume, .alert])
    #expect(plan.held == [])
    #expect(plan.madeAt == at(400))
    #expect(plan.entries[1].heartbeatAgeSeconds == 399)
    #expect(plan.entries[1].ageSeconds == 410)
  }

  @Test func equallyOverdueAreInTheOrderOfTheirIDs() {
    let plan = Self.plan([.running(9), .running(3), .running(5)], at: 400)
    #expect(plan.entries.map(\.number) == [3, 5, 9])
  }

  @Test func theHashNamesWhatIsDoneAndNotWhen() {
    let plan = Self.plan(Self.mixed, at: 400)
    #expect(Self.plan(Self.mixed, at: 450).hash == plan.hash)
    #expect(Self.plan(Self.mixed.reversed(), at: 400).hash == plan.hash)
    #expect(plan.hash.count == 32)
    #expect(Self.plan([], at: 400).hash != plan.hash)
  }

  /// Everything on which the plan rests changes its hash.
  @Test func theHashCoversTheEvidence() {
    let base = Self.plan([.running()], at: 400).hash
    let changes: [(inout ScanSnapshot) -> Void] = [
      { $0.scanID = ScanID(high: 1, low: 1) }, { $0.leaseToken += 1 },
      { $0.lastActivityAt = at(1.001) }, { $0.stuckAttempts = 2 },
      { $0.worker?.lastHeartbeatAt = at(390) }, { $0.progress = nil },
    ]
    for (index, change) in changes.enumerated() {
      let hash = Self.plan([ScanSnapshot.running(change: change)], at: 400).hash
      #expect(hash != base, "change \(index)")
    }
    // The heartbeats of a hung scan go on and are no part of it; its progress is.
    let hung = ScanSnapshot.running { $0.beat(at: 700) }
    let stalled = Self.plan([hung], at: 710)
    #expect(Self.plan([hung.changed { $0.beat(at: 705) }], at: 712).hash == stalled.hash)
    #expect(Self.plan([hung.changed { $0.progressAt = at(1.5) }], at: 712).hash != stalled.hash)
  }

  @Test func eachReasonRestsOnItsOwnColumn() {
    let overdue = ScanSnapshot.running {
      $0.beat(at: 1800)
      $0.progressAt = at(1800)
    }
    let deaf = ScanSnapshot.running {
      $0.beat(at: 90)
      $0.request = .cancel
      $0.requestedAt = at(2)
    }
    let expected: [(ScanSnapshot, Double, RecoveryGuard.Column, Timestamp?)] = [
      (.running(), 400, .lastActivityAt, at(1)),
      (ScanSnapshot.running { $0.lastActivityAt = nil }, 400, .lastActivityAt, nil),
      (ScanSnapshot.running { $0.beat(at: 700) }, 701, .progressAt, at(1)),
      (overdue, 1801, .claimedAt, at(0)), (deaf, 100, .requestedAt, at(2)),
      (.pending(), 301, .runAt, at(0)), (ScanSnapshot.pending { $0.crashes = 3 }, 1, .runAt, at(0)),
    ]
    for (snapshot, now, column, value) in expected {
      let entry = Self.plan([snapshot], at: now).entries.first
      #expect(
        entry?.guardian
          == RecoveryGuard(
            status: snapshot.status, leaseToken: snapshot.leaseToken, column: column, value: value))
    }
  }

  @Test func filters() {
    func numbers(_ filter: RecoveryPlan.Filter) -> [Int64] {
      Self.plan(
        Self.mixed + [
          ScanSnapshot.running(5) {
            $0.kind = "site"
            $0.target = "https://example.com/"
            $0.createdAt = at(-100)
          }
        ], at: 400, filter: filter
      ).entries.map(\.number)
    }
    #expect(numbers(.init()) == [2, 1, 5, 3])
    #expect(numbers(.init(kind: "site")) == [5])
    #expect(numbers(.init(target: "https://*")) == [5])
    #expect(numbers(.init(target: "/srv")) == [2, 1, 3])
    #expect(numbers(.init(reason: .pendingTimeout)) == [3])
    #expect(numbers(.init(minAgeSeconds: 500)) == [5])
    #expect(numbers(.init(minAgeSeconds: 500.001)) == [])
    #expect(numbers(.init(kind: "site", reason: .pendingTimeout)) == [])
  }

  @Test func whatTheLimiterHoldsIsListedApart() {
    let plan = Self.plan(
      Self.mixed, at: 400, limits: .init(allowance: 1, because: "the clock stepped"))
    #expect(plan.entries.map(\.number) == [2, 3])
    #expect(plan.held.map(\.number) == [1])
    #expect(plan.heldBecause == "the clock stepped")
    let none = Self.plan(Self.mixed, at: 400, limits: .init(allowance: 9, because: "x"))
    #expect(none.held == [])
    #expect(none.heldBecause == "")
  }

  @Test func aStretchedLimitFindsLess() {
    #expect(Self.plan([.running()], at: 181, limits: .init(stretch: 2)).entries == [])
    #expect(Self.plan([.running()], at: 181.001, limits: .init(stretch: 2)).entries.count == 1)
    // A scan's own limit is stretched as its policy's is.
    let patient = ScanSnapshot.running { $0.staleMultiple = 10 }
    #expect(Self.plan([patient], at: 601, limits: .init(stretch: 2)).entries == [])
    #expect(Self.plan([patient], at: 601.001, limits: .init(stretch: 2)).entries.count == 1)
  }

  /// A hang is refuted by whatever it is a silence of, and by nothing else: a program that spins is active for ever.
  @Test func aHangRestsOnWhatIsSilent() {
    func column(
      _ snapshot: ScanSnapshot, at now: Double, change: (inout Policy) -> Void = { _ in }
    ) -> RecoveryGuard? {
      var policy = Policy.default(for: "library")
      change(&policy)
      return RecoveryPlan.make([snapshot], policy: { _ in policy }, now: at(now)).entries.first?
        .guardian
    }
    let hung = ScanSnapshot.running {
      $0.beat(at: 700)
      $0.activity = .init(changedAt: at(20))
    }
    #expect(column(hung, at: 701)?.column == .progressAt)
    let silent = column(hung, at: 701) { $0.movement = .any }
    #expect(silent?.column == .movedAt)
    #expect(silent?.value == at(20))
    #expect(
      column(hung.changed { $0.activity = nil }, at: 701) { $0.movement = .any }?.value == at(1))
    let mute = hung.changed { $0.answeredAt = at(30) }
    let unresponsive = column(mute, at: 121) { $0.stallAfterSeconds = 3600 }
    #expect(unresponsive?.column == .signAt)
    #expect(unresponsive?.value == at(30))
    let limit = LearnedLimit(seconds: 50, scope: .kind, scans: 1200, rate: 0.001)
    let suspected = hung.changed { $0.learned = .init(activity: limit) }
    #expect(column(suspected, at: 100) { $0.suspicion = .recover }?.column == .movedAt)
    let idle = hung.changed { $0.learned = .init(progress: limit) }
    #expect(column(idle, at: 100) { $0.suspicion = .recover }?.column == .progressAt)
    // The fixed window stands on progress, whatever is suspected besides.
    #expect(column(suspected, at: 701)?.column == .progressAt)
  }

  @Test func anOperatorsLimitsHoldForTheRequest() {
    func due(_ snapshot: ScanSnapshot, at now: Double, _ request: CleanupLimits) -> [Reason] {
      RecoveryPlan.make(
        [snapshot], policy: { .default(for: $0.kind) }, now: at(now), request: request
      ).entries.map(\.decision.reason)
    }
    // The row holds limits of its own, as every row does; the request is above them.
    let silent = ScanSnapshot.running {
      $0.heartbeatIntervalSeconds = 30
      $0.staleMultiple = 4
      $0.maxRuntimeMinutes = 30
    }
    #expect(due(silent, at: 121, .init(maxRuntimeMinutes: 15)) == [])
    #expect(due(silent, at: 121.001, .init(maxRuntimeMinutes: 15)) == [.workerLost])
    #expect(due(silent, at: 301, .init(heartbeatStaleMinutes: 5)) == [])
    #expect(due(silent, at: 301.001, .init(heartbeatStaleMinutes: 5)) == [.workerLost])
    #expect(due(silent, at: 61, .init(heartbeatStaleMinutes: 0)) == [])
    #expect(due(silent, at: 61.001, .init(heartbeatStaleMinutes: 0)) == [.workerLost])
    let moving = silent.changed {
      $0.beat(at: 899)
      $0.progressAt = at(899)
    }
    #expect(due(moving, at: 900, .init(maxRuntimeMinutes: 15)) == [])
    #expect(due(moving, at: 900.001, .init(maxRuntimeMinutes: 15)) == [.runtimeTimeout])
    let portal = moving.changed { $0.kind = "portal" }
    #expect(due(portal, at: 901, .init(maxRuntimeMinutes: 15)) == [])
  }

  @Test func onlyWhatReturnsToTheQueueIsDelayed() {
    let second = ScanSnapshot.running { $0.stuckAttempts = 1 }
    let entry = Self.plan([second], at: 400).entries.first
    #expect(entry?.maxDelaySeconds == 2)
    #expect(entry?.delaySeconds(jitter: 0.25) == 0.5)
    #expect(entry?.delaySeconds(jitter: 3) == 2)
    #expect(Self.plan([.running()], at: 400).entries.first?.maxDelaySeconds == 0)
    let failed = ScanSnapshot.running { $0.stuckAttempts = 2 }
    #expect(Self.plan([failed], at: 400).entries.first?.maxDelaySeconds == 0)
  }

  @Test func storedAsJSON() throws {
    let plan = Self.plan(Self.mixed, at: 400, limits: .init(allowance: 1, because: "x"))
    #expect(try roundTrip(plan) == plan)
    let text = try json(of: plan)
    #expect(
      text.contains(
        #""guard":{"column":"last_activity_at","lease_token":4,"status":"running","value":"2025-12-31T23:59:51.000Z"}"#
      ))
  }

  // MARK: Applying

  static func refusals(
    planned: [ScanSnapshot], current: [ScanSnapshot], at now: Double = 410
  ) -> [RecoveryRefusal] {
    plan(planned, at: 400).refusals(current: current, now: plan(current, at: now))
  }

  @Test func nothingIsRefusedWhileNothingHasMoved() {
    #expect(Self.refusals(planned: Self.mixed, current: Self.mixed) == [])
  }

  static let moves: [(RecoveryRefusal.Change, ScanSnapshot?, String)] = [
    (.gone, nil, "Scan 17 is gone."),
    (
      .status, ScanSnapshot.running { $0.status = .completed },
      "Scan 17 is completed now; it was running."
    ),
    (
      .attempt, ScanSnapshot.running { $0.leaseToken = 5 },
      "Scan 17 has been claimed again since."
    ),
    (
      .evidence, ScanSnapshot.running { $0.lastActivityAt = at(405) },
      "Scan 17 has moved since: last_activity_at is another."
    ),
    (
      .decision, ScanSnapshot.running { $0.stuckAttempts = 2 },
      "Scan 17 is now due to fail for worker_lost."
    ),
    (
      .decision,
      ScanSnapshot.running {
        $0.maxRuntimeMinutes = 1e5; $0.heartbeatIntervalSeconds = 1e5
      },
      "Scan 17 is not due any more."
    ),
  ]

  @Test(arguments: RecoveryPlanTests.moves)
  func whatHasMovedIsRefused(
    change: RecoveryRefusal.Change, current: ScanSnapshot?, sentence: String
  ) {
    let refusals = Self.refusals(planned: [.running()], current: current.map { [$0] } ?? [])
    #expect(refusals == [.init(number: 17, change: change, sentence: sentence)])
  }

  @Test func whatHasBecomeDueSinceIsNotSlippedIn() {
    let refusals = Self.refusals(planned: [.running()], current: [.running(), .running(18)])
    #expect(refusals.map(\.change) == [.added])
    #expect(refusals.first?.sentence == "Scan 18 has become due since: worker_lost.")
  }
}
