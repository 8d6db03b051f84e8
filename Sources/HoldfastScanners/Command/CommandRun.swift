import CHoldfastSystem
import Glibc
import HoldfastCore

/// One program from its start to the end of all that it started. Used by one thread, which waits for whatever happens next.
final class CommandRun {
  struct SetupFailure: Error, CustomStringConvertible {
    var description: String
  }

  private let session: ScanSession
  private let program: ProgramSpec
  private let attachment: Attachment?
  private let output: OutputPump
  private let errors: OutputPump
  private let child: ProgramGuard
  /// Written to by other threads that have something for this one to look at.
  private let wake: WakePipe
  private var watch: ProgramWatch
  private var activity: ActivityLook
  private var story = CommandStory()
  private let notify: NotifySocket?
  private var exit: ProgramEnd.Exit?
  private var passedOn: Int?
  private var usage = (cpuSeconds: 0.0, maxMemoryBytes: Int64(0))
  private var isGone = false
  private var goneAt: Double?
  private var isStopping = false
  private var reported: Progress?

  /// How often what it wrote is looked at.
  private static let lookSeconds = 0.25
  /// How long an output that something outside still holds open is waited for.
  private static let silentOutputSeconds = 2.0
  /// A worker that asks its runner to stop waits ten seconds before it uses force.
  private static let stopSeconds = 8.0

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
    let input = attachment?.input ?? open("/dev/null", O_RDONLY | O_CLOEXEC)
    do throws(ProgramGuard.Failure) {
      child = try ProgramGuard(
        program, environment: Self.environment(session, program, notify),
        streams: (input, out.write, err.write))
    } catch {
      throw SetupFailure(description: String(cString: strerror(error.code)))
    }
    close(out.write)
    close(err.write)
    if attachment == nil { close(input) }
    output = OutputPump(from: out.read, to: attachment?.output, name: "hf-out") { wake.ring() }
    errors = OutputPump(from: err.read, to: attachment?.error, name: "hf-err") { wake.ring() }
    watch = ProgramWatch(program, startedAt: Self.now)
    activity = ActivityLook(silence: program.stallSeconds)
  }

  func run() throws(SessionClosed) -> RunnerMessage.Finish {
    let (session, wake) = (session, wake)
    WorkThread("hf-stop") { if session.waitForStop() { wake.ring() } }.detach()
    var nextLook = Self.now + Self.lookSeconds
    while !isOver {
      wait(until: min(nextLook, watch.nextStepAt ?? .infinity))
      let now = Self.now
      if session.isStopRequested { stop() }
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
      passedOn: passedOn, cpuSeconds: usage.cpuSeconds, maxMemoryBytes: usage.maxMemoryBytes)
    CommandScanner.tell(end, attachment)
    return CommandScanner.finish(
      end, command: program.command, lastLines: lastLines)
  }

  // MARK: Waiting

  private static var now: Double { Double(MonotonicClock.nanoseconds) / 1e9 }

  /// All processes are gone and all output has been passed on.
  private var isOver: Bool {
    guard let goneAt else { return false }
    return [output.feed, errors.feed].allSatisfy { feed in
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
    case .gone(let cpuSeconds, let maxMemoryBytes):
      usage = (cpuSeconds, maxMemoryBytes)
      isGone = true
      goneAt = Self.now
    case nil:
      // The guard itself was killed; what it leaves is ended when it is let go of.
      goneAt = Self.now
      hf_end_descendants()
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
    act(
      watch.end(
        .stop, killAfter: min(program.killAfterSeconds, Self.stopSeconds), at: Self.now))
  }

  private func act(_ step: ProgramWatch.Step?) {
    switch step {
    case .terminate: child.signal(SIGTERM)
    case .kill: child.kill()
    case nil: break
    }
  }

  // MARK: Looking

  private func look(at now: Double) {
    hear(at: now)
    let news = [output.feed.news(), errors.feed.news()]
    if news.contains(where: \.hasCome) { watch.wrote(at: now) }
    if watch.wantsLook(at: now), activity.hasMoved(child, at: now) { watch.moved(at: now) }
    story.read(news)
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
        if notification.isTriggered { act(watch.end(.stall, at: now)) }
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
    let said = OutputText.lastLines(of: errors.feed.tail, most: 5)
    return said.isEmpty ? OutputText.lastLines(of: output.feed.tail, most: 5) : said
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

  /// What the runner has, without what is between it and its worker, with the program's own variables and the scan's.
  private static func environment(
    _ session: ScanSession, _ program: ProgramSpec, _ notify: NotifySocket?
  )
    -> [String: String]
  {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      if pair.count == 2, !Attachment.isOwn(name) { variables[name] = String(pair[1]) }
      entry += 1
    }
    variables.merge(program.environment) { _, own in own }
    let start = session.start
    variables["NOTIFY_SOCKET"] = notify?.name
    variables["HOLDFAST_SOCKET"] = notify?.name
    if let stall = program.stallSeconds, notify != nil {
      variables["WATCHDOG_USEC"] = "\(Int64(stall * 1e6))"
    }
    variables["HOLDFAST_SCAN"] = "\(start.number)"
    variables["HOLDFAST_TARGET"] = start.target
    variables["HOLDFAST_PARAMS"] = jsonText(start.params)
    variables["HOLDFAST_ATTEMPT"] = "\(start.attempt)"
    if let checkpoint = start.checkpoint { variables["HOLDFAST_CHECKPOINT"] = jsonText(checkpoint) }
    return variables
  }

  private static func jsonText(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

/// Lets other threads wake the one that polls.
final class WakePipe: Sendable {
  let read: Int32
  private let write: Int32

  init() throws(CommandRun.SetupFailure) {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 16) == 0 else {
      throw .init(description: "no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    (read, write) = (ends[0], ends[1])
  }

  deinit {
    close(read)
    close(write)
  }

  func ring() {
    var byte: UInt8 = 1
    // A full pipe wakes as well as another byte would.
    _ = Glibc.write(write, &byte, 1)
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while Glibc.read(read, &bytes, bytes.count) > 0 {}
  }
}
