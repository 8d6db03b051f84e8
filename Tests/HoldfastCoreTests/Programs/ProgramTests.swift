import HoldfastCore
import Testing

@Suite struct ProgramTests {
  // MARK: Limits

  @Test func theTimeoutEndsAndThenKills() {
    var watch = ProgramWatch(
      ProgramSpec(command: ["x"], timeoutSeconds: 10, killAfterSeconds: 3), startedAt: 100)
    watch.wrote(at: 109)
    #expect(watch.step(at: 109.9) == nil)
    #expect(watch.nextStepAt == 110)
    #expect(watch.step(at: 110) == .look)
    #expect(watch.cause == .timeout)
    #expect(watch.step(at: 110.5) == nil)
    #expect(watch.looked(at: 111) == .terminate)
    #expect(watch.looked(at: 111.5) == nil)
    #expect(watch.step(at: 113.9) == nil)
    #expect(watch.step(at: 114) == .kill)
    #expect(watch.wasKilled)
    #expect(watch.step(at: 200) == nil)
    #expect(watch.nextStepAt == nil)
  }

  @Test func aSignOfLifePutsTheStallOffAndOutputTheOther() {
    var watch = ProgramWatch(
      ProgramSpec(command: ["x"], stallSeconds: 10, noOutputSeconds: 30), startedAt: 0)
    watch.moved(at: 8)
    #expect(watch.step(at: 17) == nil)
    watch.wrote(at: 17)
    for second in stride(from: 20.0, through: 45, by: 5) {
      watch.moved(at: second)
      #expect(watch.step(at: second) == nil)
    }
    watch.moved(at: 47)
    #expect(watch.step(at: 47) == .look)
    #expect(watch.cause == .noOutput)
  }

  @Test func aProgramCanAskForTime() {
    var watch = ProgramWatch(
      ProgramSpec(command: ["x"], timeoutSeconds: 10, stallSeconds: 5), startedAt: 0)
    watch.extend(by: 20, at: 4)
    #expect(watch.step(at: 23.9) == nil)
    #expect(watch.step(at: 24) == .look)
  }

  @Test func aLookThatGetsNoAnswerHoldsNothingUpForLong() {
    var watch = ProgramWatch(
      ProgramSpec(command: ["x"], timeoutSeconds: 1, killAfterSeconds: 3), startedAt: 0)
    #expect(watch.step(at: 1) == .look)
    #expect(watch.nextStepAt == 1 + ProgramWatch.lookSeconds)
    #expect(watch.step(at: 1 + ProgramWatch.lookSeconds) == .terminate)
    #expect(watch.nextStepAt == 4 + ProgramWatch.lookSeconds)
    var stopped = ProgramWatch(ProgramSpec(command: ["x"], timeoutSeconds: 1), startedAt: 0)
    #expect(stopped.step(at: 1) == .look)
    #expect(stopped.end(.stop, killAfter: 1, at: 1.2) == .terminate)
    #expect(stopped.cause == .timeout)
    #expect(stopped.step(at: 2.2) == .kill)
  }

  @Test func itsOwnWatchdogReplacesTheStall() {
    var watch = ProgramWatch(ProgramSpec(command: ["x"]), startedAt: 0)
    #expect(watch.nextStepAt == nil)
    watch.watchdogSeconds = 2
    #expect(watch.nextStepAt == 2)
    #expect(watch.wantsLook(at: 0.4) == false)
    #expect(watch.wantsLook(at: 0.6))
  }

  @Test func whatEndsItFirstIsTheCause() {
    var watch = ProgramWatch(ProgramSpec(command: ["x"], timeoutSeconds: 1), startedAt: 0)
    #expect(watch.end(.stop, killAfter: 8, at: 0.5) == .terminate)
    #expect(watch.end(.timeout, at: 1) == nil)
    #expect(watch.step(at: 2) == nil)
    #expect(watch.step(at: 8.5) == .kill)
    #expect(watch.cause == .stop)
  }

  // MARK: Ends

  static let ends: [(ProgramEnd, Int)] = [
    (ProgramEnd(exit: .status(0)), 0), (ProgramEnd(exit: .status(3)), 3),
    (ProgramEnd(exit: .signal(11)), 139),
    (ProgramEnd(exit: .refused(reason: "no", isMissing: true)), 127),
    (ProgramEnd(exit: .refused(reason: "no", isMissing: false)), 126),
    (ProgramEnd(exit: .signal(15), cause: .timeout), 124),
    (ProgramEnd(exit: .status(0), cause: .stall), 124),
    (ProgramEnd(exit: .signal(9), cause: .noOutput, wasKilled: true), 137),
    (
      ProgramEnd(
        exit: .signal(15), cause: .stop,
        usage: ProgramUsage(cpuSeconds: 1.5, maxMemoryBytes: 7, readBytes: 8, writtenBytes: 9)), 143
    ),
    (ProgramEnd(exit: .signal(9), usage: ProgramUsage(memoryKills: 1)), 137),
    (ProgramEnd(exit: .signal(15), cause: .stall, found: "Waiting on the network: …"), 124),
    (ProgramEnd(exit: .status(5), passedOn: 15), 5),
  ]

  @Test(arguments: ends) func endsHaveStatuses(end: ProgramEnd, status: Int) {
    #expect(end.status == status)
    #expect(ProgramEnd(json: end.json) == end)
    #expect(!ProgramEndText(end, program: "make").sentence.isEmpty)
  }

  @Test func supervisionHasNamesForTheLimits() {
    let timeout = ProgramEnd(exit: .signal(15), cause: .timeout)
    #expect(ProgramEndText(timeout, program: "x").reason == .runtimeTimeout)
    let stall = ProgramEnd(exit: .signal(15), cause: .stall)
    #expect(ProgramEndText(stall, program: "x").reason == .progressStalled)
    #expect(ProgramEndText(ProgramEnd(exit: .status(1)), program: "x").reason == nil)
  }

  // MARK: What programs say of themselves

  @Test func notificationsAreRead() {
    let text =
      "READY=1\nSTATUS=Completed 66% of file system check…\nWATCHDOG_USEC=20000000\n"
      + "EXTEND_TIMEOUT_USEC=500000\nX_OTHER=1\nnonsense\n"
    var expected = Notification()
    expected.isReady = true
    expected.status = "Completed 66% of file system check…"
    expected.watchdogSeconds = 20
    expected.extendSeconds = 0.5
    #expect(Notification(Array(text.utf8)) == expected)
    #expect(Notification(Array("WATCHDOG=1".utf8)).isAlive)
    #expect(Notification(Array("WATCHDOG=trigger".utf8)).isTriggered)
    #expect(Notification(Array("STOPPING=1".utf8)).isStopping)
    #expect(Notification([0xFF, 0x3D, 0x00]) == Notification())
  }

  @Test(arguments: [
    (ProgramEnd(exit: .signal(15), passedOn: 15), true),
    (ProgramEnd(exit: .signal(1), passedOn: 1), true),
    (ProgramEnd(exit: .status(130), passedOn: 2), true),
    // In their own good order.
    (ProgramEnd(exit: .status(20), passedOn: 15), true),
    (ProgramEnd(exit: .status(0), passedOn: 2), true),
    // SIGHUP and SIGQUIT often ask for something else than an end.
    (ProgramEnd(exit: .status(1), passedOn: 1), false),
    (ProgramEnd(exit: .signal(11), passedOn: 3), false),
    (ProgramEnd(exit: .signal(15)), false),
    (ProgramEnd(exit: .signal(15), cause: .stall, passedOn: 15), false),
  ]) func whoWantedItToEnd(_ end: ProgramEnd, _ isByWish: Bool) {
    #expect(end.isByWish == isByWish)
  }

  @Test func aBarThatIsDrawnOverAgainIsNoSignOfLife() {
    var watch = ProgramWatch(
      ProgramSpec(command: ["curl"], stallSeconds: 10, noOutputSeconds: 30), startedAt: 0)
    for second in 1...9 { watch.wrote(at: Double(second), isSign: false) }
    #expect(watch.nextStepAt == 10)
    #expect(watch.step(at: 10) == .look)
    #expect(watch.cause == .stall)
    var silent = ProgramWatch(
      ProgramSpec(command: ["curl"], noOutputSeconds: 30), startedAt: 0)
    silent.wrote(at: 9, isSign: false)
    #expect(silent.nextStepAt == 39)
  }
}
