import CHoldfastSystem
import Glibc
import HoldfastCore

/// One program from its start to the end of all that it started. Used by one thread, which waits for whatever happens next.
final class CommandRun {
  struct SetupFailure: Error, CustomStringConvertible {
    var description: String
  }

  let session: ScanSession
  private let program: ProgramSpec
  private let attachment: Attachment?
  /// What has come of its output and of its error output.
  private let output: OutputFeed
  private let errors: OutputFeed
  /// With a program that speaks the runner protocol.
  private let conversation: Conversation?
  private let child: ProgramGuard
  /// Written to by other threads that have something for this one to look at.
  private let wake: WakePipe
  var watch: ProgramWatch
  private var activity: ActivityLook
  private var story = CommandStory()
  private let notify: NotifySocket?
  private var exit: ProgramEnd.Exit?
  private var passedOn: Int?
  private var usage = ProgramUsage()
  private var found: String?
  private var isGone = false
  private var goneAt: Double?
  private var isStopping = false
  /// Since when something that may not last has lasted: a program that is not ready, has finished or has closed its output, and lives on.
  var overdueSince: Double?
  /// When it was asked by message to stop.
  var askedToStopAt: Double?
  var fault: String?
  private var reported: Progress?

  /// How often what it wrote is looked at.
  private static let lookSeconds = 0.25
  /// How long an output that something outside still holds open is waited for.
  private static let silentOutputSeconds = 2.0
  /// A worker that asks its runner to stop waits ten seconds before it uses force.
  static let stopSeconds = 8.0

  init(_ session: ScanSession, _ program: ProgramSpec, _ attachment: Attachment?)
    throws(SetupFailure)
  {
    self.session = session
    self.program = program
    self.attachment = attachment
    let wake = try WakePipe()
    self.wake = wake
    let notify = NotifySocket()
    self.notify = notify
    let out = try Self.pipe()
    let err = try Self.pipe()
    let talk = program.speech == nil ? nil : try Self.pipe()
    let input = talk?.read ?? attachment?.input ?? open("/dev/null", O_RDONLY | O_CLOEXEC)
    do throws(ProgramGuard.Failure) {
      child = try ProgramGuard(
        program, environment: Self.environment(session, program, notify),
        streams: (input, out.write, err.write))
    } catch {
      throw SetupFailure(description: String(cString: strerror(error.code)))
    }
    close(out.write)
    close(err.write)
    if input != attachment?.input { close(input) }
    conversation = talk.map { talk in
      Conversation(session, ear: out.read, mouth: talk.write) { wake.ring() }
    }
    output =
      conversation?.feed
      ?? OutputPump(from: out.read, to: attachment?.output, name: "hf-out") { wake.ring() }.feed
    errors = OutputPump(from: err.read, to: attachment?.error, name: "hf-err") { wake.ring() }.feed
    watch = ProgramWatch(program, startedAt: Self.now)
    activity = ActivityLook(silence: program.stallSeconds)
  }

  func run() throws(SessionClosed) -> RunnerMessage.Finish {
    let (session, wake) = (session, wake)
    session.onNews { wake.ring() }
    var nextLook = Self.now + Self.lookSeconds
    while !isOver {
      wait(until: min(nextLook, watch.nextStepAt ?? .infinity))
      let now = Self.now
      if session.isStopRequested { stop() }
      takeFinding(at: now)
      if let conversation { converse(conversation, at: now) }
      if now >= nextLook {
        look(at: now)
        nextLook = now + Self.lookSeconds
      }
      act(watch.step(at: now))
    }
    look(at: Self.now)
    child.end(isGone: isGone)
    if session.isClosed { throw SessionClosed() }
    let end = ProgramEnd(
      exit: exit ?? .signal(Int(SIGKILL)), cause: watch.cause, wasKilled: watch.wasKilled,
      passedOn: passedOn, usage: usage, found: found)
    CommandScanner.tell(end, attachment)
    let ordinary = CommandScanner.finish(end, command: program.command, lastLines: lastLines)
    guard let conversation else { return ordinary }
    return ConversationEnd(
      standing: conversation.standing, end: end, fault: fault,
      wasAskedToStop: session.isStopRequested, lastLines: lastLines
    ).finish(orElse: ordinary)
  }

  // MARK: Waiting

  private static var now: Double { Double(MonotonicClock.nanoseconds) / 1e9 }

  /// All processes are gone and all output has been passed on.
  private var isOver: Bool {
    guard let goneAt else { return false }
    return [output, errors].allSatisfy { feed in
      feed.isOver || !feed.isWriting && Self.now - goneAt > Self.silentOutputSeconds
    }
  }

  private func wait(until time: Double) {
    let milliseconds = max(0, min(60_000, ((time - Self.now) * 1000).rounded(.up)))
    var waits = [
      pollfd(fd: isGone || goneAt != nil ? -1 : child.control, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
      pollfd(fd: attachment?.control ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: notify?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&waits, nfds_t(waits.count), Int32(milliseconds)) > 0 else { return }
    if waits[0].revents != 0 { heard(child.next()) }
    if waits[1].revents != 0 { wake.drain() }
    if waits[2].revents != 0 { passOnSignal() }
    if waits[3].revents != 0 { hear(at: Self.now) }
  }

  private func heard(_ event: ProgramGuard.Event?) {
    switch event {
    case .started(let processID):
      session.send(.log(level: "debug", message: "the command runs as process \(processID)"))
    case .refused(let code, let isFolder):
      let reason = String(cString: strerror(code))
      exit = .refused(
        reason: isFolder ? "its folder \(program.folder ?? ""): \(reason)" : reason,
        isMissing: !isFolder && (code == ENOENT || code == ENOTDIR))
    case .exited(let how): exit = how
    case .gone(let usage):
      self.usage = usage
      isGone = true
      goneAt = Self.now
    case nil:
      // The guard itself was killed; what it leaves is ended when it is let go of.
      goneAt = Self.now
      child.killWhatIsLeft()
    }
  }

  private func passOnSignal() {
    guard let attachment else { return }
    var number: Int32 = 0
    let size = recv(attachment.control, &number, 4, Int32(MSG_DONTWAIT))
    guard size == 4, (1...64).contains(number) else { return }
    if [SIGINT, SIGTERM, SIGHUP, SIGQUIT].contains(number) { passedOn = Int(number) }
    child.signal(number)
  }

  private func stop() {
    guard !isStopping else { return }
    isStopping = true
    if let conversation, ask(conversation, at: Self.now) { return }
    act(
      watch.end(
        .stop, killAfter: min(program.killAfterSeconds, Self.stopSeconds), at: Self.now))
  }

  func act(_ step: ProgramWatch.Step?) {
    switch step {
    case .look:
      // Its breadcrumbs carry them into the diagnosis.
      for line in lastLines { session.breadcrumbs?.log(line) }
      session.send(.diagnose(why: watch.cause?.rawValue ?? ""))
    case .terminate: child.signal(SIGTERM)
    case .kill: child.kill()
    case nil: break
    }
  }

  /// What the worker has found out lets the end that waited for it come.
  private func takeFinding(at now: Double) {
    guard let finding = session.finding else { return }
    // A sentence that goes on as a clause of another.
    found = finding.map { finding in
      finding.sentence.hasSuffix(".") ? String(finding.sentence.dropLast()) : finding.sentence
    }
    act(watch.looked(at: now))
  }

  // MARK: Looking

  private func look(at now: Double) {
    hear(at: now)
    let news = [output.news(), errors.news()]
    // What a program that speaks the protocol writes is no text to be guessed from.
    let isFurther = conversation != nil || story.read(news)
    if news.contains(where: \.hasCome) {
      watch.wrote(at: now, isSign: isFurther)
      activity.isRedrawing = !isFurther
    }
    if watch.wantsLook(at: now) {
      let hasMoved = activity.hasMoved(child, at: now) { [output, errors] in
        output.totalBytes + errors.totalBytes
      }
      if hasMoved { watch.moved(at: now) }
    }
    guard conversation == nil else { return }
    guard let progress = story.progress(), progress != reported else { return }
    reported = progress
    session.send(.progress(progress, message: story.status ?? lastLines.last))
  }

  /// What the program says of itself.
  private func hear(at now: Double) {
    while let news = notify?.next() {
      watch.moved(at: now)
      switch news {
      case .notification(let notification):
        story.told(notification)
        if let seconds = notification.watchdogSeconds { watch.watchdogSeconds = seconds }
        if let seconds = notification.extendSeconds { watch.extend(by: seconds, at: now) }
        if notification.isTriggered { act(watch.endHung(.stall, at: now)) }
      case .message(.checkpoint(_, let data)): session.checkpoint(data)
      case .message(.progress(let progress, let message)):
        story.told(progress, message)
        reported = progress
        session.send(.progress(progress, message: message))
      case .message(let message): session.send(message)
      case .malformed(let why):
        session.send(.log(level: "warning", message: "a report of the command is refused: \(why)"))
      }
    }
  }

  /// Of the error output, if there was any, since that is where programs say what went wrong.
  private var lastLines: [String] {
    let said = OutputText.lastLines(of: errors.tail, most: 5)
    if conversation != nil { return said }
    return said.isEmpty ? OutputText.lastLines(of: output.tail, most: 5) : said
  }

  // MARK: Starting

  private static func pipe() throws(SetupFailure) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 16) == 0 else {
      throw SetupFailure(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    // A larger pipe lets both sides work in longer turns. Where the kernel refuses, the usual one does.
    _ = fcntl(ends[0], 1031 /* F_SETPIPE_SZ */, 1 << 20)
    return (ends[0], ends[1])
  }
}
