import Glibc
import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore

/// The parts of an attempt that are no decisions: the process, its lines, timers and messages. Used by one task only.
struct AttemptShell {
  private let claim: Claim
  private let context: AttemptSession.Context
  private let inbox: AsyncStream<AttemptSession.Event>.Continuation
  /// What the runner asked of the store, answered one after the other.
  let requests: AsyncStream<BaselineRequest>
  private let requestInbox: AsyncStream<BaselineRequest>.Continuation

  private var core: AttemptCore
  private var runner: RunnerProcess?
  private var framer = LineFramer(maxLineBytes: RunnerProtocol.maxLineBytes)
  private var timers: [AttemptCore.Timer: Scheduled<Void>] = [:]
  private var outputTimer: Scheduled<Void>?
  /// What was read after the end of the process was known.
  private var bytesAfterExit = 0
  /// A signal that was due before there was a process.
  private var pendingSignal: Int32?
  private var exit: RunnerExit?
  private var outputHasEnded = false
  private var errorsHaveEnded = false
  private var exitIsTold = false
  /// Set while the runner is not read on because too much waits to be written.
  private var isHeldBack = false
  private var logTail = OutputTail()
  private var logLimit = LogLimit()
  private var logger: Logger
  private let evidence: AttemptEvidence
  private(set) var isOver = false

  /// How long a runner may live on with its output closed.
  private static let closedOutputGraceSeconds = 1.0
  /// A process that has ended can have left no more than a pipe holds (`/proc/sys/fs/pipe-max-size`).
  private static let largestPipeBytes = 1 << 20

  init(
    claim: Claim, context: AttemptSession.Context,
    inbox: AsyncStream<AttemptSession.Event>.Continuation
  ) {
    self.claim = claim
    self.context = context
    self.inbox = inbox
    core = AttemptCore(
      claim: claim, policy: context.policy, patience: context.patience,
      jitter: Double.random(in: 0...1), program: context.program)
    (requests, requestInbox) = AsyncStream.makeStream()
    evidence = AttemptEvidence(claim: claim, folder: context.breadcrumbs)
    logger = context.logger
    logger[metadataKey: "scan"] = "\(claim.scan.number)"
    logger[metadataKey: "attempt"] = "\(claim.scan.attempt)"
  }

  mutating func begin() {
    perform(core.begin())
  }

  mutating func handle(_ event: AttemptSession.Event) {
    switch event {
    case .started(let runner): started(runner)
    case .input(let input): feed(input)
    case .runner(.output(let bytes)): received(bytes)
    case .runner(.outputEnded): outputEnded()
    case .runner(.errorsEnded):
      errorsHaveEnded = true
      tellExit()
    case .runner(.silent(let isSilent)): answered(isSilent: isSilent)
    case .lookAgain: lookedAgain()
    case .watch(.doubt(let doubt)): feed(.doubt(doubt))
    case .watch(.diagnose): explainDoubt()
    case .runner(.exited(let exit)):
      self.exit = exit
      tellExit()
      if !exitIsTold { runner?.askWhetherSilent() }
    case .report(.safe(let upTo)): feed(.safe(upTo: upTo))
    case .report(.applied(let upTo)): feed(.applied(upTo: upTo))
    case .report(.superseded): feed(.stop(.superseded))
    case .report(.room): if isHeldBack { readOn() }
    case .abandon: isOver = true
    }
  }

  /// Lets go of everything.
  mutating func end() {
    for timer in timers.values { timer.cancel() }
    outputTimer?.cancel()
    requestInbox.finish()
    // The process is gone by now, unless the worker gives up waiting for one that the kernel holds.
    runner?.signalGroup(SIGKILL)
    runner?.closePipes()
    evidence.end()
  }

  private mutating func feed(_ input: AttemptCore.Input) {
    perform(core.handle(input))
  }

  // MARK: The process

  private mutating func started(_ runner: RunnerProcess) {
    self.runner = runner
    context.watch.started(claim.lease, processID: runner.processID)
    let inbox = inbox
    evidence.begin(runner)
    runner.attach { inbox.yield(.runner($0)) }
    if let pendingSignal { runner.signalGroup(pendingSignal) }
    runner.readMore()
  }

  private mutating func received(_ bytes: ByteBuffer) {
    let size = bytes.readableBytes
    if exit != nil { bytesAfterExit += size }
    framer.append(bytes)
    var messages: [RunnerMessage] = []
    var problem: String?
    while problem == nil, let line = framer.next() {
      switch line {
      case .tooLong:
        problem = "a line is longer than \(RunnerProtocol.maxLineBytes) bytes"
      case .line(let line):
        do {
          if let message = try RunnerCodec.message(line) { messages.append(message) }
        } catch {
          problem = error.description
        }
      }
    }
    if !messages.isEmpty {
      messageBytes = size
      context.watch.heard(claim.lease, messages)
      feed(.messages(messages))
    }
    if let problem {
      feed(.unreadable(problem))
      // What follows is not read: nobody could say where the next message begins.
      framer = LineFramer(maxLineBytes: RunnerProtocol.maxLineBytes)
    }
    readOn()
  }

  /// The size in which the messages at hand came, for the bound on what waits to be written.
  private var messageBytes = 0

  private mutating func readOn() {
    let wasHeldBack = isHeldBack
    isHeldBack = !context.reporter.hasRoom(for: claim.lease)
    if isHeldBack != wasHeldBack { feed(.reading(!isHeldBack)) }
    guard !isHeldBack else { return }
    runner?.readMore()
    if exit != nil && !exitIsTold { runner?.askWhetherSilent() }
  }

  private mutating func outputEnded() {
    guard !outputHasEnded else { return }
    outputHasEnded = true
    if framer.remainder.readableBytes > 0 {
      logger.warning(
        "the runner's last line was cut off and is ignored",
        metadata: ["bytes": "\(framer.remainder.readableBytes)"])
    }
    // The pipe of a process that ends is closed a moment before its end is seen.
    if exit == nil { lookAgain() }
    tellExit()
  }

  /// The process has ended. Where its pipes are silent, all that it wrote has come; until then it is asked again.
  private mutating func answered(isSilent: Bool) {
    guard exit != nil, !exitIsTold, !isHeldBack else { return }
    if isSilent || bytesAfterExit > Self.largestPipeBytes {
      errorsHaveEnded = true
      outputEnded()
      tellExit()
    } else {
      lookAgain()
    }
  }

  /// Comes back to what is not clear yet: an output that is closed while the process lives, or pipes that still hold something.
  private mutating func lookAgain() {
    outputTimer?.cancel()
    let inbox = inbox
    let seconds = exit == nil ? Self.closedOutputGraceSeconds : 0.005
    outputTimer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
      _ = inbox.yield(.lookAgain)
    }
  }

  private mutating func lookedAgain() {
    guard !exitIsTold, let runner else { return }
    if exit != nil {
      runner.askWhetherSilent()
    } else if runner.isEnding {
      lookAgain()
    } else {
      feed(.outputClosed)
    }
  }

  private mutating func tellExit() {
    guard let exit, outputHasEnded, errorsHaveEnded, !exitIsTold else { return }
    exitIsTold = true
    outputTimer?.cancel()
    feed(.exited(exit, lastLines: lastLines))
  }

  // MARK: Doing what the core says

  private mutating func perform(_ actions: [AttemptCore.Action]) {
    for action in actions { perform(action) }
  }

  private mutating func perform(_ action: AttemptCore.Action) {
    switch action {
    case .send(let message): runner?.write(RunnerCodec.line(message))
    case .closeInput: runner?.closeInput()
    case .signal(let signal):
      if let runner { runner.signalGroup(signal) } else { pendingSignal = signal }
    case .report(var report, let sequence):
      if case .completed = report.end { report.rhythm = context.watch.rhythm(of: claim.lease) }
      context.reporter.submit(report, sequence: sequence, bytes: messageBytes)
      messageBytes = 0
    case .flushReports: context.reporter.expedite(claim.lease)
    case .sendBaselineIndex: ask(.index)
    case .sendBaselineParts(let ids): ask(.parts(ids))
    case .settle(let limit): ask(.settle(removalLimit: limit))
    case .diagnose: diagnose()
    case .autopsy(let exit): autopsy(exit)
    case .tell(let found): tell(found)
    case .arm(let timer, let seconds): arm(timer, seconds: seconds)
    case .disarm(let timer): timers.removeValue(forKey: timer)?.cancel()
    case .log(let level, let message):
      logTail.append(line: message)
      logLine(level: level, message)
    case .note(let level, let message): log(level: level, message)
    case .freeSlot: context.freeSlot()
    case .done: isOver = true
    }
  }

  private func ask(_ kind: BaselineRequest.Kind) {
    guard let runner else { return }
    requestInbox.yield(BaselineRequest(kind: kind, runner: runner))
  }

  /// Finds out why it does not move, while its worker only suspects that it hangs.
  private func explainDoubt() {
    guard let runner, exit == nil else { return }
    let (watch, lease) = (context.watch, claim.lease)
    let (evidence, lines) = (evidence, lastLines)
    // Unstructured for the same reason as the other diagnosis.
    Task(name: "diagnosis of the suspected scan \(claim.scan.number)") {
      if let found = await evidence.diagnose(runner, lines: lines) {
        watch.diagnosed(lease, found)
      }
    }
  }

  /// Unstructured, because it outlives no attempt: it ends within seconds, and what it yields to an inbox that has closed is lost.
  private func diagnose() {
    guard let runner else { return }
    let (inbox, evidence, lines) = (inbox, evidence, lastLines)
    Task(name: "diagnosis of scan \(claim.scan.number)") {
      let found = await evidence.diagnose(runner, lines: lines)
      inbox.yield(.input(.diagnosed(found)))
    }
  }

  private func autopsy(_ exit: RunnerExit?) {
    guard let runner, let exit else { return diagnose() }
    let (inbox, evidence, lines) = (inbox, evidence, lastLines)
    Task(name: "autopsy of scan \(claim.scan.number)") {
      let found = await evidence.autopsy(runner, exit, lines: lines)
      inbox.yield(.input(.diagnosed(found)))
    }
  }

  /// Unstructured for the same reason. Where it fails, the next beat asks again.
  private func tell(_ found: JSONValue) {
    let (store, claim, logger) = (context.store, claim, logger)
    Task(name: "answer of scan \(claim.scan.number)") {
      do throws(StoreError) {
        _ = try await store.recordDiagnosis(
          found, of: claim.lease, attempt: claim.scan.attempt)
      } catch {
        logger.warning("a diagnosis could not be stored", metadata: ["error": "\(error)"])
      }
    }
  }

  private var lastLines: [String] { logTail.text + (runner?.errorTail ?? []) }

  private mutating func arm(_ timer: AttemptCore.Timer, seconds: Double) {
    timers[timer]?.cancel()
    let inbox = inbox
    timers[timer] = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
      _ = inbox.yield(.input(.timer(timer)))
    }
  }

  private mutating func logLine(level: String, _ message: String) {
    guard let dropped = logLimit.admit(now: .now) else { return }
    if dropped > 0 {
      log(level: "warning", "\(dropped) lines of the runner were left out: it logs too much")
    }
    log(level: level, message)
  }

  private func log(level: String, _ message: String) {
    let text = String(message.prefix(2000))
    logger.log(level: Logger.Level(rawValue: level.lowercased()) ?? .info, "\(text)")
  }
}
