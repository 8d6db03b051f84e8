import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import UnixSignals

/// Follows one scan to its end, shows how it goes, and brings a worker along where nobody else is
/// there to run it.
final class ScanFollower {
  private let store: any ScanStore
  private let composition: Composition
  private let program: Program
  private var scan: Scan
  private var display: ProgressDisplay
  private var interruption: Interruption
  private var embedded: Worker?
  /// The wait for a key. It outlives the step that began it, and is ended as soon as the answer no
  /// longer matters.
  private var asking: Task<Void, Never>?
  private var nextLookAtWorkers: Double = 0
  private var hasToldWhoRunsIt = false
  private var isDatabaseGone = false
  private let start = ContinuousClock.now

  /// What wakes the follower.
  private enum Wake: Sendable {
    case tick
    case event(Interruption.Event)
    case workerEnded(CommandFailure?)
  }

  init(_ scan: Scan, store: any ScanStore, composition: Composition, program: Program) {
    self.scan = scan
    self.store = store
    self.composition = composition
    self.program = program
    display = ProgressDisplay(terminal: program.errors)
    interruption = Interruption(canAsk: program.errors.isInteractive && isatty(0) == 1)
  }

  /// Returns the scan as it is when it has ended, was paused, or was left to go on.
  func run() async throws(CommandFailure) -> Scan {
    let (wakes, wake) = AsyncStream.makeStream(of: Wake.self)
    let signals = await UnixSignalsSequence(trapping: UnixSignal.endings)
    let result: Result<Void, CommandFailure> = await withTaskGroup(of: Void.self) { tasks in
      watch(signals, wake, &tasks)
      let result = await follow(wakes, wake, &tasks)
      display.clear()
      await stopAsking()
      await drainEmbedded(wakes)
      tasks.cancelAll()
      wake.finish()
      return result
    }
    try result.get()
    await tell()
    return scan
  }

  // MARK: Watching

  private func watch(
    _ signals: UnixSignalsSequence, _ wake: AsyncStream<Wake>.Continuation,
    _ tasks: inout TaskGroup<Void>
  ) {
    let changes = store.signals(.events)
    tasks.addTask(name: "changes") {
      for await _ in changes {
        wake.yield(.tick)
        // A scan may report hundreds of times a second; nobody reads faster than this.
        guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { return }
      }
    }
    tasks.addTask(name: "clock") {
      // Rates and a silent database need looks without changes. The sleep throws when the task is
      // cancelled.
      while (try? await Task.sleep(for: .milliseconds(500))) != nil { wake.yield(.tick) }
    }
    tasks.addTask(name: "signals") {
      for await signal in signals {
        wake.yield(.event(signal == .sigint ? .interrupt : .terminate))
      }
    }
    wake.yield(.tick)
  }

  private func follow(
    _ wakes: AsyncStream<Wake>, _ wake: AsyncStream<Wake>.Continuation,
    _ tasks: inout TaskGroup<Void>
  ) async -> Result<Void, CommandFailure> {
    do throws(CommandFailure) {
      for await reason in wakes {
        switch reason {
        case .tick:
          if try await look() { return .success(()) }
          try await bringWorkerIfNeeded(wake, &tasks)
        case .event(let event):
          if try await handle(event, wake) { return .success(()) }
        case .workerEnded(let failure):
          embedded = nil
          if let failure { throw failure }
        }
      }
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// Looks at the scan and shows it.
  ///
  /// - Returns: whether there is nothing more to follow.
  private func look() async throws(CommandFailure) -> Bool {
    do {
      guard let now = try await store.scan(.id(scan.id)) else {
        throw CommandFailure.noSuchScan("\(scan.number)")
      }
      scan = now
      if isDatabaseGone { display.say("The database is back.") }
      isDatabaseGone = false
    } catch let error as StoreError where error.isTransient {
      if !isDatabaseGone { display.say("\(Redaction.scrubbed("\(error)")); trying again") }
      isDatabaseGone = true
      return false
    } catch let error as StoreError {
      throw CommandFailure(error)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(.internalError, "\(error)")
    }
    if scan.status.isTerminal || scan.status == .paused { return true }
    if interruption.state != .asking { display.show(scan, seconds: seconds) }
    return false
  }

  private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  // MARK: The embedded worker

  /// Starts a worker for this scan, and for no other, if no live worker takes scans of its kind.
  private func bringWorkerIfNeeded(
    _ wake: AsyncStream<Wake>.Continuation, _ tasks: inout TaskGroup<Void>
  ) async throws(CommandFailure) {
    guard embedded == nil, !isDatabaseGone, interruption.state == .following,
      scan.kind != KindCatalog.attached,
      seconds >= nextLookAtWorkers
    else { return }
    nextLookAtWorkers = seconds + 2
    guard composition.configuration.kinds.declared[scan.kind]?.isRemote != true else {
      if !hasToldWhoRunsIt, scan.status == .pending {
        display.say(LiveWorkers.waitsForProgram(scan))
      }
      hasToldWhoRunsIt = true
      return
    }
    do {
      let workers = try await store.presentWorkers()
      let now = try await store.now()
      let live = LiveWorkers.of(workers, kind: scan.kind, now: now, host: .current)
      guard live.isEmpty else { return }
    } catch {
      if error.isTransient { return }
      throw CommandFailure(error)
    }
    // A store that can tell what scans have taught; every real one can.
    let rhythms = (store as? any RhythmStore).map(composition.rhythms)
    let worker = composition.worker(
      store, rhythms, slots: 1, kinds: [scan.kind], onlyScan: scan.id)
    embedded = worker
    tasks.addTask(name: "embedded worker") {
      do {
        try await worker.run()
        wake.yield(.workerEnded(nil))
      } catch let error as StoreError {
        wake.yield(.workerEnded(CommandFailure(error)))
      } catch {
        wake.yield(.workerEnded(CommandFailure(.internalError, "the worker ended: \(error)")))
      }
    }
  }

  /// Waits until the worker has put back what it still holds.
  private func drainEmbedded(_ wakes: AsyncStream<Wake>) async {
    guard let embedded else { return }
    embedded.drain()
    for await reason in wakes {
      switch reason {
      case .workerEnded: return
      case .event(let event):
        if case .quit(let status) = interruption.handle(event) { exit(status.rawValue) }
      case .tick: continue
      }
    }
  }

  // MARK: Signals and answers

  /// - Returns: whether the command is to leave.
  private func handle(
    _ event: Interruption.Event, _ wake: AsyncStream<Wake>.Continuation
  ) async throws(CommandFailure) -> Bool {
    let action = interruption.handle(event)
    if action != .ask, action != .nothing { await stopAsking() }
    switch action {
    case .nothing: return false
    case .goOn: return try await look()
    case .ask:
      ask(wake)
      return false
    case .cancel:
      display.say("Cancelling scan \(scan.number) …")
      let id = scan.id
      _ = try await askStore { () async throws(StoreError) in
        try await store.seen(by: .commandLine).act(.cancel, on: id, by: "cli", reason: nil)
      }
      return try await look()
    case .leave: return true
    case .quit(let status): exit(status.rawValue)
    }
  }

  private func ask(_ wake: AsyncStream<Wake>.Continuation) {
    let leave = embedded == nil ? "[l]eave it running" : "[l]eave it for later"
    display.ask("Scan \(scan.number): [c]ancel it, \(leave), or any other key to go on? ")
    asking = Task(name: "answer") {
      switch await KeyPress.next(on: 0) {
      case UInt8(ascii: "c"), UInt8(ascii: "C"): wake.yield(.event(.answer(.cancel)))
      case UInt8(ascii: "l"), UInt8(ascii: "L"): wake.yield(.event(.answer(.leave)))
      case .some: wake.yield(.event(.answer(.goOn)))
      case nil: break
      }
    }
  }

  private func stopAsking() async {
    asking?.cancel()
    await asking?.value
    asking = nil
    display.clear()
  }

  /// Says on standard error what becomes of a scan that this command leaves before its end.
  private func tell() async {
    if interruption.state == .leaving {
      do {
        scan = try await store.scan(.id(scan.id)) ?? scan
      } catch {
        display.say(Redaction.scrubbed("\(error)"))
      }
    }
    guard !scan.status.isTerminal else { return }
    let number = scan.number
    switch scan.status {
    case .paused:
      display.say("Scan \(number) is paused; `holdfast resume \(number)` lets it go on.")
    case .pending:
      display.say(
        "Scan \(number) is in the queue and goes on from its last checkpoint with "
          + "`holdfast follow \(number)`, or when a worker runs.")
    default:
      display.say(
        "Scan \(number) goes on; `holdfast follow \(number)` shows it, "
          + "`holdfast cancel \(number)` ends it.")
    }
  }
}

extension UnixSignal {
  /// The signals that ask a process to end: SIGTERM, Ctrl-C, and the closing of the terminal unless
  /// `nohup` has said that it should not even be noticed.
  static var endings: [UnixSignal] {
    ProcessEnvironment.ignoresHangup ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup]
  }
}

extension ProcessEnvironment {
  /// Whether SIGHUP was ignored when this process started.
  static var ignoresHangup: Bool {
    guard let status = try? readFile("/proc/self/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigIgn:") }),
      let mask = UInt64(line.dropFirst("SigIgn:".count).filter(\.isHexDigit), radix: 16)
    else { return false }
    return mask & 1 == 1
  }
}
