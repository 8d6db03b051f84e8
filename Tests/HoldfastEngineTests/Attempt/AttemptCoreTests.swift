import Glibc
import HoldfastCore
import Testing

@testable import HoldfastEngine

/// The decisions of one attempt, without a process, a clock or a database.
@Suite struct AttemptCoreTests {
  typealias Action = AttemptCore.Action

  let lease = makeClaim().lease

  func makeCore(crashes: Int = 0, checkpoint: JSONValue? = nil) -> AttemptCore {
    var core = AttemptCore(
      claim: makeClaim(crashes: crashes, checkpoint: checkpoint),
      policy: .default(for: "library"), patience: Patience(), jitter: 0.5)
    _ = core.begin()
    return core
  }

  /// A core whose runner has been given the scan.
  func runningCore(crashes: Int = 0) -> AttemptCore {
    var core = makeCore(crashes: crashes)
    _ = core.handle(.baseline(nil))
    _ = core.handle(.messages([.ready(ready)]))
    return core
  }

  let ready = RunnerMessage.Ready(protocolVersion: 1, processID: 10, kinds: [])

  func end(_ actions: [Action]) -> AttemptEnd? {
    actions.compactMap { if case .report(let report, _) = $0 { report.end } else { nil } }.first
  }

  func reports(_ actions: [Action]) -> [AttemptReport] {
    actions.compactMap { if case .report(let report, _) = $0 { report } else { nil } }
  }

  // MARK: Starting

  @Test func startsOnceTheRunnerIsReadyAndTheBaselineKnown() {
    let summary = Baseline.Summary(scanID: ScanID(high: 9, low: 9), parts: 3, summary: ["n": 1])
    var core = makeCore(checkpoint: ["at": 5])
    #expect(core.handle(.messages([.ready(ready)])) == [.disarm(.ready)])
    let scan = core.claim.scan
    let start = WorkerMessage.Start(
      protocolVersion: 1, scanID: scan.id, number: 7, attempt: 1, kind: "library",
      target: "/data", params: ["a": 1], checkpoint: ["at": 5], progress: nil,
      baseline: summary)
    #expect(core.handle(.baseline(summary)) == [.send(.start(start)), .arm(.ping, seconds: 30)])
  }

  @Test func aRunnerOfAnotherProtocolIsEndedAndCountsAsCrash() {
    var core = makeCore()
    let actions = core.handle(
      .messages([.ready(.init(protocolVersion: 2, processID: 1, kinds: []))]))
    #expect(actions.contains(.signal(SIGKILL)))
    let end = end(core.exit(.signalled(SIGKILL), lastLines: []))
    guard case .requeued(.runnerCrashed, let message, _, true) = end else {
      Issue.record("ended as \(String(describing: end))")
      return
    }
    #expect(message.contains("version 2 of the protocol; this worker speaks 1"))
  }

  @Test func aRunnerThatIsNeverReadyIsKilled() {
    var core = makeCore()
    #expect(core.handle(.timer(.ready)).contains(.signal(SIGKILL)))
    let end = end(core.exit(.signalled(SIGKILL), lastLines: ["Traceback", "boom"]))
    guard case .requeued(_, let message, _, true) = end else {
      Issue.record("ended as \(String(describing: end))")
      return
    }
    #expect(message == "the runner was not ready within 10 s; its last lines: Traceback ⏎ boom")
  }

  @Test func aRunnerThatCannotBeStartedIsNoCrash() {
    var core = makeCore()
    #expect(
      end(core.handle(.notStarted("no such file")))
        == .requeued(
          reason: .runnerCrashed, message: "no such file", delaySeconds: 7.5,
          countsAsCrash: false))
  }

  // MARK: Messages

  @Test func messagesReadTogetherAreOneReport() {
    var core = runningCore()
    let item = Item(key: "a", type: "file", change: .added)
    let error = ItemError(path: "b", type: "permission_denied", message: "no")
    let write = Baseline.Write(id: "x", segment: 0, fingerprint: "y", content: nil)
    let actions = core.handle(
      .messages([
        .items([item]), .itemErrors([error]), .writeBaseline([write]),
        .progress(Progress(done: 1), message: "one"), .progress(Progress(done: 2), message: nil),
        .checkpoint(number: 1, data: ["n": 1]), .checkpoint(number: 2, data: ["n": 2]),
      ]))
    #expect(
      actions == [
        .report(
          AttemptReport(
            lease: lease, items: [item], errors: [error], baselineWrites: [write],
            checkpoint: ["n": 2], progress: Progress(done: 2), progressMessage: "one"),
          sequence: 1)
      ])
  }

  @Test func aCheckpointIsAcknowledgedOnceItIsSafeAndTheNewestStandsForAll() {
    var core = runningCore()
    for number in 1...3 {
      _ = core.handle(.messages([.checkpoint(number: Int64(number), data: .int(Int64(number)))]))
    }
    #expect(core.handle(.safe(upTo: 2)) == [.send(.checkpointed(number: 2))])
    #expect(core.handle(.safe(upTo: 2)) == [])
    #expect(core.handle(.applied(upTo: 3)) == [.send(.checkpointed(number: 3))])
  }

  @Test func settlingWaitsUntilAllBeforeItIsInTheDatabase() {
    var core = runningCore()
    let item = Item(key: "a", type: "file", change: .missing)
    let actions = core.handle(.messages([.items([item]), .settle(removalLimit: 5)]))
    #expect(
      actions == [.report(AttemptReport(lease: lease, items: [item]), sequence: 1), .flushReports])
    #expect(core.handle(.safe(upTo: 1)) == [], "the journal does not settle")
    #expect(core.handle(.applied(upTo: 1)) == [.settle(removalLimit: 5)])
    let settlement = WorkerMessage.Settlement(moved: 1, removed: 2, isRefused: false)
    #expect(core.handle(.settled(settlement)) == [.send(.settled(settlement))])
  }

  @Test func aMessageBeforeTheScanIsGivenBreaksTheProtocol() {
    var core = makeCore()
    let actions = core.handle(.messages([.pong(number: 1)]))
    #expect(actions.contains(.signal(SIGKILL)))
  }

  @Test func aWaitEndsWithItsTime() {
    var core = runningCore()
    #expect(
      core.handle(.messages([.waiting(for: "rate limit", seconds: 9)])) == [
        .arm(.wait, seconds: 9),
        .report(AttemptReport(lease: lease, waitingFor: "rate limit", waitSeconds: 9), sequence: 1),
      ])
    #expect(
      core.handle(.timer(.wait)) == [
        .report(AttemptReport(lease: lease, waitingFor: ""), sequence: 2)
      ])
  }

  // MARK: Ending

  @Test func theRowEndsAfterTheProcess() {
    var core = runningCore()
    let finished = core.handle(
      .messages([.finished(.init(outcome: .completed, message: "all", summary: ["n": 3]))]))
    #expect(end(finished) == nil)
    #expect(finished.contains(.closeInput))
    let exited = core.exit(.exited(status: 0), lastLines: [])
    #expect(end(exited) == .completed(message: "all", summary: ["n": 3]))
    #expect(exited.last == .freeSlot)
    #expect(core.handle(.applied(upTo: 1)).last == .done)
    #expect(core.isOver)
  }

  @Test func aRunnerThatFinishesAndDoesNotExitIsEnded() {
    var core = runningCore()
    _ = core.handle(.messages([.finished(.init(outcome: .completed))]))
    #expect(core.handle(.timer(.exit)).contains(.signal(SIGTERM)))
    #expect(core.handle(.timer(.ladder)).contains(.signal(SIGKILL)))
    #expect(
      end(core.exit(.signalled(SIGKILL), lastLines: []))
        == .completed(message: nil, summary: .object([:])))
  }

  @Test(arguments: [(0, 0.0), (1, 1.0)])
  func aDeadRunnerPutsTheScanBack(crashes: Int, delay: Double) {
    var core = runningCore(crashes: crashes)
    #expect(
      end(core.exit(.signalled(SIGSEGV), lastLines: ["oh"]))
        == .requeued(
          reason: .runnerCrashed, message: "the runner was killed by SIGSEGV; its last lines: oh",
          delaySeconds: delay, countsAsCrash: true))
  }

  @Test func theThirdDeathFailsTheScan() {
    var core = runningCore(crashes: 2)
    #expect(
      end(core.exit(.exited(status: 3), lastLines: []))
        == .failed(
          error: "the runner exited with status 3; its runner died 3 times",
          reason: .runnerCrashed, summary: nil))
  }

  // MARK: Stopping

  static let stops: [(AttemptCore.StopCause, WorkerMessage.StopReason, AttemptEnd)] = [
    (.cancel, .cancel, .cancelled(message: "cancelled by an operator while it ran")),
    (.pause, .pause, .paused),
    (
      .drain, .drain,
      .requeued(
        reason: .workerDrained, message: "its worker was asked to stop and gave it back",
        delaySeconds: 0, countsAsCrash: false)
    ),
  ]

  @Test(arguments: stops)
  func stoppingIsALadderThatEndsInAKill(
    cause: AttemptCore.StopCause, reason: WorkerMessage.StopReason, end expected: AttemptEnd
  ) {
    var core = runningCore()
    #expect(
      core.handle(.stop(cause)) == [.send(.stop(reason: reason)), .arm(.ladder, seconds: 10)])
    #expect(core.handle(.timer(.ladder)) == [.signal(SIGTERM), .arm(.ladder, seconds: 5)])
    #expect(core.handle(.timer(.ladder)) == [.signal(SIGKILL), .arm(.ladder, seconds: 30)])
    #expect(end(core.exit(.signalled(SIGKILL), lastLines: [])) == expected)
  }

  @Test(arguments: stops)
  func aRunnerThatStopsByItselfEndsTheSameWay(
    cause: AttemptCore.StopCause, reason: WorkerMessage.StopReason, end expected: AttemptEnd
  ) {
    var core = runningCore()
    _ = core.handle(.stop(cause))
    let actions = core.handle(
      .messages([.checkpoint(number: 4, data: 4), .finished(.init(outcome: .stopped))]))
    #expect(reports(actions).map(\.checkpoint) == [4])
    #expect(end(core.exit(.exited(status: 0), lastLines: [])) == expected)
  }

  @Test func aScanThatIsDoneBeforeItHearsOfTheCancelIsCompleted() {
    var core = runningCore()
    _ = core.handle(.stop(.cancel))
    _ = core.handle(.messages([.finished(.init(outcome: .completed))]))
    #expect(
      end(core.exit(.exited(status: 0), lastLines: []))
        == .completed(message: nil, summary: .object([:])))
  }

  @Test func aCancelWhileItDrainsIsACancel() {
    var core = runningCore()
    _ = core.handle(.stop(.drain))
    #expect(core.handle(.stop(.cancel)) == [], "the ladder goes on where it is")
    #expect(core.handle(.stop(.pause)) == [], "a weaker cause changes nothing")
    #expect(
      end(core.exit(.exited(status: 0), lastLines: []))
        == .cancelled(message: "cancelled by an operator while it ran"))
  }

  @Test func aSupersededAttemptSaysNothingMore() {
    var core = runningCore()
    #expect(core.handle(.stop(.superseded)).first == .send(.stop(reason: .superseded)))
    #expect(
      reports(core.handle(.messages([.items([Item(key: "a", type: "f", change: .added)])]))) == [])
    let actions = core.exit(.exited(status: 0), lastLines: [])
    #expect(reports(actions) == [])
    #expect(actions.first == .freeSlot)
    #expect(core.isOver)
  }

  @Test func aLeaseThatCannotBeRenewedIsGivenUpInTheTimeThatIsLeft() {
    var core = runningCore()
    #expect(
      core.handle(.stop(.leaseUnsure(secondsLeft: 10)))
        == [.send(.stop(reason: .drain)), .arm(.ladder, seconds: 6)])
    #expect(core.handle(.timer(.ladder)) == [.signal(SIGTERM), .arm(.ladder, seconds: 3)])
    guard
      case .requeued(.workerLost, _, 0, false) =
        end(core.exit(.signalled(SIGTERM), lastLines: []))
    else {
      Issue.record("it is given back")
      return
    }
  }

  @Test func aStopBeforeTheStartNeedsNoPatience() {
    var core = makeCore()
    #expect(core.handle(.stop(.drain)).contains(.signal(SIGKILL)))
    #expect(core.handle(.baseline(nil)) == [])
    guard
      case .requeued(.workerDrained, _, 0, false) =
        end(core.exit(.signalled(SIGKILL), lastLines: []))
    else {
      Issue.record("it goes back into the queue")
      return
    }
  }

  @Test func aRunnerThatAnswersNoPingIsEnded() {
    var core = runningCore()
    for number in 1...3 {
      #expect(
        core.handle(.timer(.ping)) == [
          .send(.ping(number: Int64(number))), .arm(.ping, seconds: 30),
        ])
    }
    #expect(
      core.handle(.timer(.ping)) == [
        .diagnose, .arm(.ladder, seconds: AttemptCore.diagnosisSeconds),
      ], "first why, then the end")
    #expect(core.handle(.diagnosed(["sentence": "It waits."])).contains(.signal(SIGTERM)))
    let actions = core.handle(.exited(.signalled(SIGTERM), lastLines: []))
    #expect(reports(actions).first?.diagnosis == ["sentence": "It waits."])
    guard case .requeued(_, let message, _, true) = end(actions) else {
      Issue.record("it counts as a crash")
      return
    }
    #expect(message.hasSuffix("; found: It waits."))
  }

  @Test func aPipeThatNobodyReadsSaysNothingOfItsRunner() {
    var core = runningCore()
    for _ in 1...2 { _ = core.handle(.timer(.ping)) }
    _ = core.handle(.reading(false))
    for _ in 1...10 {
      #expect(core.handle(.timer(.ping)) == [.arm(.ping, seconds: 30)])
    }
    _ = core.handle(.reading(true))
    for _ in 1...3 { _ = core.handle(.timer(.ping)) }
    #expect(core.stopCause == nil, "it has three beats from when it is read again")
    _ = core.handle(.timer(.ping))
    #expect(core.stopCause != nil)
  }

  @Test func aDeadRunnerIsLookedAtAndNotForLong() {
    var core = runningCore()
    #expect(
      core.handle(.exited(.signalled(SIGKILL), lastLines: [])) == [
        .autopsy(.signalled(SIGKILL)), .arm(.autopsy, seconds: AttemptCore.autopsySeconds),
      ])
    #expect(core.handle(.stop(.drain)) == [], "there is nothing left to stop")
    let actions = core.handle(.timer(.autopsy))
    #expect(end(actions) != nil)
    #expect(actions.contains(.freeSlot))
    #expect(core.handle(.diagnosed(["class": "exited"])) == [], "it comes too late")
  }

  @Test func whoeverAsksGetsOneAnswer() {
    var core = runningCore()
    #expect(core.handle(.look) == [.diagnose])
    #expect(core.handle(.look) == [], "the next beat asks again")
    #expect(
      core.handle(.diagnosed(["class": "spinning"])) == [.tell(["class": "spinning"])])
    #expect(core.handle(.look) == [.diagnose])
    #expect(core.handle(.diagnosed(nil)) == [], "nothing was found")
    #expect(core.stopCause == nil)
  }

  @Test func aRunnerLearnsWhyWhatItEndsDoesNotMove() {
    var core = runningCore()
    let found: JSONValue = ["class": "waiting_on_network", "sentence": "It waits."]
    #expect(core.handle(.messages([.diagnose(why: "stall")])) == [.diagnose])
    #expect(core.handle(.messages([.diagnose(why: "stall")])) == [], "one look is on its way")
    #expect(core.handle(.look) == [], "and answers whoever else asks")
    #expect(
      core.handle(.diagnosed(found)) == [
        .tell(found),
        .send(.diagnosed(.init(class: "waiting_on_network", sentence: "It waits."))),
      ])
    _ = core.handle(.messages([.finished(.init(outcome: .failed, error: "it hung"))]))
    let actions = core.handle(.exited(.exited(status: 0), lastLines: []))
    #expect(reports(actions).first?.diagnosis == found)
  }

  @Test func aLookThatFindsNothingIsAnsweredToo() {
    var core = runningCore()
    _ = core.handle(.messages([.diagnose(why: "timeout")]))
    #expect(core.handle(.diagnosed(nil)) == [.send(.diagnosed(nil))])
  }

  @Test func anyMessageAnswersAPing() {
    var core = runningCore()
    for _ in 1...10 {
      _ = core.handle(.timer(.ping))
      _ = core.handle(.messages([.progress(Progress(done: 1), message: nil)]))
    }
    #expect(core.stopCause == nil)
  }

  @Test func whatIsNotAMessageEndsTheRunner() {
    var core = runningCore()
    let actions = core.handle(.unreadable("“hello” is not JSON"))
    #expect(actions.contains(.signal(SIGTERM)))
    #expect(core.handle(.unreadable("again")) == [], "said once")
    guard
      case .requeued(_, let message, _, true) =
        end(core.exit(.signalled(SIGTERM), lastLines: []))
    else {
      Issue.record("it counts as a crash")
      return
    }
    #expect(message == "the runner broke the protocol: “hello” is not JSON")
  }

  @Test func aProcessThatTheKernelHoldsKeepsNeitherItsScanNorItsSlot() {
    var core = runningCore()
    _ = core.handle(.stop(.faulty("x")))
    #expect(core.handle(.timer(.ladder)).contains(.arm(.ladder, seconds: AttemptCore.killSeconds)))
    let actions = core.handle(.timer(.ladder))
    guard case .note("critical", let message) = actions.first else {
      Issue.record("it is said loudly")
      return
    }
    #expect(message.contains("held in the kernel"))
    #expect(actions.contains(.autopsy(nil)))
    #expect(core.handle(.diagnosed(["class": "waiting_on_disk"])).contains(.freeSlot))
    #expect(core.handle(.exited(.signalled(SIGKILL), lastLines: [])) == [], "much later")
  }
}

extension AttemptCore {
  /// Its process ends, and what it left tells nothing.
  fileprivate mutating func exit(_ exit: RunnerExit, lastLines: [String]) -> [Action] {
    let actions = handle(.exited(exit, lastLines: lastLines))
    return actions.contains(.autopsy(exit)) ? handle(.diagnosed(nil)) : actions
  }
}
