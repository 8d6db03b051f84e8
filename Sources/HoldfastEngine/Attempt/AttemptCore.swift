import Glibc
import HoldfastCore

/// Decides what is done in one attempt: it takes in what happens and answers with what to do. It holds no process, no clock
/// and no database, so that every course of events can be tried in a test.
struct AttemptCore {
  /// What happens to an attempt.
  enum Input: Sendable {
    /// The runner could not be started.
    case notStarted(String)
    /// What the previous scan of the target left has been looked up.
    case baseline(Baseline.Summary?)
    /// Messages in their order, read at one time.
    case messages([RunnerMessage])
    /// The runner wrote something that is not a message.
    case unreadable(String)
    /// The runner closed its output and lives on.
    case outputClosed
    /// The process has ended, nothing of its output is left, and these were its last words.
    case exited(RunnerExit, lastLines: [String])
    case stop(StopCause)
    case timer(Timer)
    /// All reports up to this one are safe: in the database, or in the journal on this machine's disk.
    case safe(upTo: Int64)
    /// All reports up to this one are in the database.
    case applied(upTo: Int64)
    case settled(WorkerMessage.Settlement?)
    /// Why the process hangs has been found out.
    case diagnosed(JSONValue)
    /// A request for the baseline has been answered.
    case answered
  }

  /// What is to be done.
  enum Action: Sendable, Equatable {
    case send(WorkerMessage)
    case closeInput
    case signal(Int32)
    case report(AttemptReport, sequence: Int64)
    case sendBaselineIndex
    case sendBaselineParts([String])
    case settle(removalLimit: Int64?)
    /// Write what has been reported at once; something waits for it.
    case flushReports
    /// Find out why the process hangs, while it still does.
    case diagnose
    case arm(Timer, seconds: Double)
    case disarm(Timer)
    /// A line that the runner wants logged.
    case log(level: String, message: String)
    /// What the worker itself has to say of the attempt.
    case note(level: String, message: String)
    /// The process has ended and its slot is free.
    case freeSlot
    /// Nothing more will happen.
    case done
  }

  enum Timer: String, Sendable, CaseIterable {
    /// For `ready`.
    case ready
    /// For the next step of the ladder.
    case ladder
    /// For the process's end after `finished`.
    case exit
    /// For the next ping.
    case ping
    /// For the end of a wait that the runner declared.
    case wait
  }

  /// Why a runner is to be ended. The later in the list, the stronger: a stronger cause replaces a weaker one.
  enum StopCause: Sendable, Equatable {
    case drain
    case pause
    case cancel
    /// The sweep holds it for stuck.
    case recover(RecoveryOrder)
    /// It does not speak the protocol, or no longer answers; the text says how.
    case faulty(String)
    /// The lease could not be renewed in time and may be given away.
    case leaseUnsure(secondsLeft: Double)
    /// Another attempt has the scan, or nobody may have it any more.
    case superseded

    var rank: Int {
      switch self {
      case .drain: 0
      case .pause: 1
      case .cancel: 2
      case .recover: 3
      case .faulty: 4
      case .leaseUnsure: 5
      case .superseded: 6
      }
    }
  }

  private enum Phase: Equatable {
    case preparing(isReady: Bool, baseline: Baseline.Summary??)
    case running
    /// `finished` has come, or the runner has been given up; its process is still there.
    case ending
    /// The end is reported and not yet in the database.
    case reported(sequence: Int64)
    case over
  }

  let claim: Claim
  let policy: Policy
  let patience: Patience
  /// 0 to 1, for the delay after a crash.
  let jitter: Double

  private var phase: Phase = .preparing(isReady: false, baseline: nil)
  private var finish: RunnerMessage.Finish?
  private(set) var stopCause: StopCause?
  private var ladder: StopLadder?
  private var diagnosis: JSONValue?
  private var isDiagnosing = false
  private var sequence: Int64 = 0
  private var safeSequence: Int64 = 0
  private var appliedSequence: Int64 = 0
  /// Reports that bear a checkpoint the runner has not been told of, oldest first.
  private var unacknowledged: [(sequence: Int64, checkpoint: Int64)] = []
  /// A request to settle waits until all reports before it are in the database.
  private var pendingSettle: (after: Int64, removalLimit: Int64?)?
  private var openRequests = 0
  private var pings: Int64 = 0
  private var unansweredPings = 0

  /// A runner that has left so many pings unanswered, and said nothing else, is ended.
  static let maxUnansweredPings = 3
  /// How long a diagnosis may hold up the end of a stuck runner.
  static let diagnosisSeconds = 3.0
  /// Requests for the baseline that a runner may have open at once.
  static let maxOpenRequests = 64

  init(claim: Claim, policy: Policy, patience: Patience, jitter: Double) {
    self.claim = claim
    self.policy = policy
    self.patience = patience
    self.jitter = jitter
  }

  var isOver: Bool { phase == .over }

  /// What to do before anything happens.
  mutating func begin() -> [Action] {
    [.arm(.ready, seconds: patience.readySeconds)]
  }

  mutating func handle(_ input: Input) -> [Action] {
    guard phase != .over else { return [] }
    return switch input {
    case .notStarted(let why): notStarted(why)
    case .baseline(let summary): baselineKnown(summary)
    case .messages(let messages): received(messages)
    case .unreadable(let why): fault(why)
    case .outputClosed: outputClosed()
    case .exited(let exit, let lines): exited(exit, lastLines: lines)
    case .stop(let cause): stop(cause)
    case .timer(let timer): fired(timer)
    case .safe(let upTo): safe(upTo: upTo)
    case .applied(let upTo): applied(upTo: upTo)
    case .settled(let settlement): settled(settlement)
    case .diagnosed(let found): diagnosed(found)
    case .answered: answered()
    }
  }
}

// MARK: Starting

extension AttemptCore {
  private mutating func notStarted(_ why: String) -> [Action] {
    let end =
      stopCause.flatMap(endAfterStop)
      ?? .requeued(
        reason: .runnerCrashed, message: why, delaySeconds: 5 + 5 * jitter, countsAsCrash: false)
    return [.note(level: "error", message: why)] + conclude(end)
  }

  private mutating func baselineKnown(_ summary: Baseline.Summary?) -> [Action] {
    guard case .preparing(let isReady, _) = phase else { return [] }
    phase = .preparing(isReady: isReady, baseline: .some(summary))
    return startIfPrepared()
  }

  private mutating func ready(_ message: RunnerMessage.Ready) -> [Action] {
    guard case .preparing(false, let baseline) = phase else {
      return fault("it said “ready” twice")
    }
    guard message.protocolVersion == RunnerProtocol.version else {
      return fault(
        "it speaks version \(message.protocolVersion) of the protocol; this worker speaks"
          + " \(RunnerProtocol.version)")
    }
    phase = .preparing(isReady: true, baseline: baseline)
    return [.disarm(.ready)] + startIfPrepared()
  }

  private mutating func startIfPrepared() -> [Action] {
    guard case .preparing(true, .some(let baseline)) = phase, stopCause == nil else { return [] }
    phase = .running
    let scan = claim.scan
    return [
      .send(
        .start(
          WorkerMessage.Start(
            protocolVersion: RunnerProtocol.version, scanID: scan.id, number: scan.number,
            attempt: scan.attempt, kind: scan.kind, target: scan.target, params: scan.params,
            checkpoint: scan.checkpoint, progress: scan.progress, baseline: baseline))),
      .arm(.ping, seconds: scan.heartbeatIntervalSeconds),
    ]
  }
}

// MARK: Messages

extension AttemptCore {
  private mutating func received(_ messages: [RunnerMessage]) -> [Action] {
    unansweredPings = 0
    var report = AttemptReport(lease: claim.lease)
    var checkpoint: Int64?
    var actions: [Action] = []
    for message in messages {
      if case .ready(let ready) = message {
        actions += self.ready(ready)
        continue
      }
      if case .log(let level, let text) = message {
        actions.append(.log(level: level, message: text))
        continue
      }
      guard phase == .running else {
        if case .preparing = phase {
          actions += fault("it sent a message before it was given a scan")
        }
        continue
      }
      switch message {
      case .ready, .log, .pong: break
      case .progress(let progress, let text):
        report.progress = progress
        report.progressMessage = text ?? report.progressMessage
      case .checkpoint(let number, let data):
        report.checkpoint = data
        checkpoint = number
      case .items(let items): report.items += items
      case .itemErrors(let errors): report.errors += errors
      case .writeBaseline(let parts): report.baselineWrites += parts
      case .waiting(let what, let seconds):
        report.waitingFor = seconds > 0 ? what : ""
        actions.append(seconds > 0 ? .arm(.wait, seconds: seconds) : .disarm(.wait))
      case .readBaselineIndex: actions += request(.sendBaselineIndex)
      case .readBaselineParts(let ids): actions += request(.sendBaselineParts(ids))
      case .settle(let removalLimit):
        actions += take(&report, checkpoint: &checkpoint)
        actions += settle(removalLimit: removalLimit)
      case .finished(let finish):
        actions += take(&report, checkpoint: &checkpoint)
        actions += finished(finish)
      }
    }
    return actions + take(&report, checkpoint: &checkpoint)
  }

  /// Hands out the report collected so far, if it holds anything.
  private mutating func take(
    _ report: inout AttemptReport, checkpoint: inout Int64?
  ) -> [Action] {
    let empty = AttemptReport(lease: claim.lease)
    guard report != empty, stopCause != .superseded else { return [] }
    sequence += 1
    if let number = checkpoint { unacknowledged.append((sequence, number)) }
    defer {
      report = empty
      checkpoint = nil
    }
    return [.report(report, sequence: sequence)]
  }

  private mutating func request(_ action: Action) -> [Action] {
    openRequests += 1
    guard openRequests <= Self.maxOpenRequests else {
      return fault("it has more than \(Self.maxOpenRequests) requests for its baseline open")
    }
    return [action]
  }

  private mutating func answered() -> [Action] {
    openRequests -= 1
    return []
  }

  private mutating func settle(removalLimit: Int64?) -> [Action] {
    guard pendingSettle == nil else { return fault("it asked to settle twice at once") }
    pendingSettle = (sequence, removalLimit)
    let actions = settleIfApplied()
    return actions.isEmpty ? [.flushReports] : actions
  }

  private mutating func settleIfApplied() -> [Action] {
    guard let settle = pendingSettle, settle.after <= appliedSequence else { return [] }
    pendingSettle = nil
    return [.settle(removalLimit: settle.removalLimit)]
  }

  private mutating func settled(_ settlement: WorkerMessage.Settlement?) -> [Action] {
    guard let settlement else { return stop(.superseded) }
    return phase == .running ? [.send(.settled(settlement))] : []
  }

  private mutating func finished(_ finish: RunnerMessage.Finish) -> [Action] {
    self.finish = finish
    phase = .ending
    return [
      .disarm(.ping), .disarm(.wait), .disarm(.ladder), .closeInput,
      .arm(.exit, seconds: patience.exitSeconds),
    ]
  }
}

// MARK: Stopping

extension AttemptCore {
  private mutating func stop(_ cause: StopCause) -> [Action] {
    if case .reported = phase {
      // The end is on its way. A lost lease means that it will be refused.
      return cause == .superseded ? over() : []
    }
    guard cause.rank > stopCause?.rank ?? -1 else { return [] }
    let isHurried = cause.rank >= StopCause.faulty("").rank
    let wasStopping = ladder != nil
    stopCause = cause
    // A runner that has already finished only has to exit, and the exit timer sees to that.
    if finish != nil { return [] }
    // A ladder that has begun goes on; only a stronger kind of cause starts a shorter one.
    if wasStopping && !isHurried { return [] }
    ladder =
      switch cause {
      case .drain: .asking(.drain, patience)
      case .pause: .asking(.pause, patience)
      case .cancel: .asking(.cancel, patience)
      // What hangs seldom answers, and its lease is watched: the chance to write a checkpoint is short.
      case .recover: .within(seconds: min(5, patience.stopSeconds), asking: .drain)
      case .faulty: .terminating(patience)
      case .leaseUnsure(let seconds): .within(seconds: seconds, asking: .drain)
      case .superseded:
        .within(seconds: min(2, patience.stopSeconds), asking: .superseded)
      }
    if case .preparing = phase {
      // It has nothing to save: it was never given the scan.
      phase = .ending
      ladder = StopLadder([.kill])
      return [.disarm(.ready), .closeInput] + nextStep()
    }
    if case .recover = cause {
      // First why, then the end: the evidence dies with the process. It is waited for, but not for long.
      isDiagnosing = true
      return [.diagnose, .arm(.ladder, seconds: Self.diagnosisSeconds)]
    }
    return nextStep()
  }

  private mutating func diagnosed(_ found: JSONValue) -> [Action] {
    diagnosis = found
    guard isDiagnosing, ladder != nil else { return [] }
    return nextStep()
  }

  private mutating func nextStep() -> [Action] {
    isDiagnosing = false

    switch ladder?.next() {
    case .ask(let reason, let grace):
      return [.send(.stop(reason: reason)), .arm(.ladder, seconds: grace)]
    case .terminate(let grace):
      return [.signal(SIGTERM), .arm(.ladder, seconds: grace)]
    case .kill:
      return [.signal(SIGKILL), .arm(.ladder, seconds: 30)]
    case nil:
      // A process that survives SIGKILL waits inside the kernel, on a disk or a network mount. Its lease is kept as long as it is there.
      return [
        .note(
          level: "warning",
          message: "the runner has been killed and its process is still there, held in the kernel"),
        .signal(SIGKILL), .arm(.ladder, seconds: 30),
      ]
    }
  }

  private mutating func fault(_ why: String) -> [Action] {
    guard phase != .ending, stopCause?.rank ?? -1 < StopCause.faulty("").rank else { return [] }
    let message = "the runner broke the protocol: \(why)"
    return [.note(level: "error", message: message)] + stop(.faulty(message))
  }

  private mutating func outputClosed() -> [Action] {
    finish == nil ? fault("it closed its output before it had finished") : []
  }

  private mutating func fired(_ timer: Timer) -> [Action] {
    switch timer {
    case .ready:
      guard case .preparing(false, _) = phase else { return [] }
      return stop(
        .faulty("the runner was not ready within \(Int(patience.readySeconds.rounded())) s"))
    case .ladder: return ladder == nil ? [] : nextStep()
    case .exit:
      guard phase == .ending, finish != nil else { return [] }
      ladder = .terminating(patience)
      return [
        .note(level: "warning", message: "the runner has finished and does not exit")
      ] + nextStep()
    case .ping: return ping()
    case .wait:
      sequence += 1
      return phase == .running
        ? [.report(AttemptReport(lease: claim.lease, waitingFor: ""), sequence: sequence)] : []
    }
  }

  private mutating func ping() -> [Action] {
    guard phase == .running else { return [] }
    if unansweredPings >= Self.maxUnansweredPings {
      return stop(
        .faulty("the runner has not answered \(unansweredPings) pings and has said nothing else"))
    }
    unansweredPings += 1
    pings += 1
    return [
      .send(.ping(number: pings)), .arm(.ping, seconds: claim.scan.heartbeatIntervalSeconds),
    ]
  }
}

// MARK: Ending

extension AttemptCore {
  private mutating func exited(_ exit: RunnerExit, lastLines: [String]) -> [Action] {
    if case .reported = phase { return [] }
    guard stopCause != .superseded else { return [.freeSlot] + over() }
    return conclude(end(exit, lastLines: lastLines))
  }

  /// What becomes of the scan, now that its process is gone.
  private func end(_ exit: RunnerExit, lastLines: [String]) -> AttemptEnd {
    switch finish?.outcome {
    case .completed:
      return .completed(message: finish?.message, summary: finish?.summary ?? .object([:]))
    case .failed where stopCause != .cancel:
      return .failed(
        error: finish?.error ?? finish?.message ?? "the scan failed and did not say why",
        reason: nil, summary: finish?.summary)
    case .failed, .stopped, nil:
      if let end = stopCause.flatMap(endAfterStop) { return end }
      let what =
        switch stopCause {
        case .faulty(let why): why
        default:
          finish?.outcome == .stopped
            ? "the runner stopped without having been asked to" : "the runner \(exit)"
        }
      let words =
        lastLines.isEmpty ? "" : "; its last lines: " + lastLines.suffix(5).joined(separator: " ⏎ ")
      return .afterCrash(
        crashes: claim.scan.crashes, policy: policy, message: what + words, jitter: jitter)
    }
  }

  /// The end of an attempt whose runner was stopped for a reason that is not its fault.
  private func endAfterStop(_ cause: StopCause) -> AttemptEnd? {
    switch cause {
    case .drain:
      .requeued(
        reason: .workerDrained, message: "its worker was asked to stop and gave it back",
        delaySeconds: 0, countsAsCrash: false)
    case .pause: .paused
    case .cancel: .cancelled(message: "cancelled by an operator while it ran")
    case .recover(let order): .recovered(order, diagnosis: diagnosis)
    case .leaseUnsure:
      .requeued(
        reason: .workerLost,
        message: "its worker could not reach the database to renew its lease, and stopped it",
        delaySeconds: 0, countsAsCrash: false)
    case .faulty, .superseded: nil
    }
  }

  private mutating func conclude(_ end: AttemptEnd) -> [Action] {
    sequence += 1
    phase = .reported(sequence: sequence)
    return Timer.allCases.map { .disarm($0) } + [
      .report(AttemptReport(lease: claim.lease, end: end), sequence: sequence), .freeSlot,
    ]
  }

  private mutating func safe(upTo: Int64) -> [Action] {
    safeSequence = max(safeSequence, upTo)
    var newest: Int64?
    while let first = unacknowledged.first, first.sequence <= safeSequence {
      newest = first.checkpoint
      unacknowledged.removeFirst()
    }
    guard let newest, phase == .running else { return [] }
    return [.send(.checkpointed(number: newest))]
  }

  private mutating func applied(upTo: Int64) -> [Action] {
    appliedSequence = max(appliedSequence, upTo)
    if case .reported(let last) = phase, appliedSequence >= last { return over() }
    return safe(upTo: upTo) + settleIfApplied()
  }

  private mutating func over() -> [Action] {
    phase = .over
    return Timer.allCases.map { .disarm($0) } + [.done]
  }
}
