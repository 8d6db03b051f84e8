import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
import Logging
import UnixSignals

/// What `holdfast run` does: it submits the scan, brings a worker along that runs nothing else, passes signals on, and ends as the command
/// does.
final class SupervisedRun {
  private let spec: ProgramSpec
  private let target: String
  private let isResumable: Bool
  private let composition: Composition
  private let program: Program

  private enum Wake: Sendable {
    case prepared(Result<(SQLStore, Scan), CommandFailure>)
    case look
    case signal(Int32)
    case commandEnded(ProgramEnd)
    case workerEnded(CommandFailure?)
    /// What an early signal asked for has had its time.
    case tooLate
  }

  /// A signal that came before there was a command which it could be passed on to.
  private var early: Int32?
  private var runner: EarlyRunner?

  init(
    _ spec: ProgramSpec, name: String?, isResumable: Bool, composition: Composition,
    program: Program
  ) {
    self.spec = spec
    self.isResumable = isResumable
    self.composition = composition
    self.program = program
    target = name ?? String(SecretMask.arguments(spec.command).joined(separator: " ").prefix(500))
  }

  /// - Returns: what the process ends with.
  func run() async throws -> Int {
    let (wakes, wake) = AsyncStream.makeStream(of: Wake.self)
    let streams = try RunStreams(environment: program.environment) { wake.yield(.commandEnded($0)) }
    try composition.prepareDataDirectory()
    let runner = composition.earlyRunner(streams.attachment)
    self.runner = runner
    let signals = await UnixSignalsSequence(trapping: Self.passedOn)
    // Unstructured: it is there before the scan, and until the process ends.
    let listener = Task(name: "signals") {
      for await signal in signals { wake.yield(.signal(signal.rawValue)) }
    }
    defer { listener.cancel() }
    let (store, scan): (SQLStore, Scan)
    do throws(CommandFailure) {
      (store, scan) = try await prepare(streams, wakes, wake)
    } catch {
      await runner.end()
      throw error
    }
    if let early { return await leave(store, scan, for: early) }
    let worker = composition.worker(
      store, running: spec, as: scan.id, policy: policy, in: runner)
    let result: Result<ProgramEnd?, CommandFailure> = await withTaskGroup(of: Void.self) { tasks in
      watch(worker, wake, &tasks)
      let result = await follow(scan.id, store, worker, streams, wakes, wake)
      tasks.cancelAll()
      wake.finish()
      return result
    }
    // A worker that got as far as to take it has seen to its end.
    await runner.end()
    if let early, case .success = result { return await leave(store, scan, for: early) }
    let end = try result.get()
    let last: Scan?
    do throws(StoreError) {
      last = try await store.scan(.id(scan.id))
    } catch {
      // The command's status is what counts, and it is known.
      last = nil
    }
    await store.close()
    return try conclude(end, last ?? scan)
  }

  /// With `--resume` the policy's own numbers hold; without, the command runs once.
  private var policy: Policy {
    var policy = composition.policy(KindCatalog.attached, target)
    if isResumable {
      let declared = Policy.default(for: "")
      policy.onStuck = declared.onStuck
      policy.maxCrashes = max(policy.maxCrashes, declared.maxCrashes)
    }
    // The runner keeps these itself; what supervises from elsewhere only has to come second.
    if let seconds = spec.timeoutSeconds {
      policy.maxRuntimeMinutes = (seconds + spec.killAfterSeconds) / 60 + 1
    }
    return policy
  }

  private static var passedOn: [UnixSignal] {
    UnixSignal.endings + [.sigquit, .sigusr1, .sigusr2]
  }

  // MARK: Before the command

  /// How long the database may still take after a signal to end.
  private static let patience: Duration = .seconds(2)

  /// Opens the database and submits the scan. A database that is locked or away takes its time: whoever wants this process to end
  /// meanwhile does not wait for that.
  private func prepare(
    _ streams: RunStreams, _ wakes: AsyncStream<Wake>, _ wake: AsyncStream<Wake>.Continuation
  ) async throws(CommandFailure) -> (SQLStore, Scan) {
    let (composition, target, spec) = (composition, target, spec)
    let (policy, isResumable) = (policy, isResumable)
    // Unstructured: a call that does not come back must not be waited for.
    Task(name: "preparation") {
      do throws(CommandFailure) {
        let store = try await composition.openForWork(connections: 3)
        let scan = try await RunSubmission(
          store: store, target: target, spec: spec, policy: policy, isResumable: isResumable
        ).submit()
        wake.yield(.prepared(.success((store, scan))))
      } catch {
        wake.yield(.prepared(.failure(error)))
      }
    }
    for await reason in wakes {
      switch reason {
      case .prepared(let result):
        if early != nil, case .failure = result { quit() }
        return try result.get()
      case .signal(let number): noteEarly(number, streams, wake)
      case .tooLate: quit()
      case .look, .commandEnded, .workerEnded: continue
      }
    }
    throw CommandFailure(.internalError, "the preparation came to no end")
  }

  /// What asks for an end ends this process, and the command is not started; anything else waits for it.
  private func noteEarly(
    _ number: Int32, _ streams: RunStreams, _ wake: AsyncStream<Wake>.Continuation
  ) {
    guard ![SIGUSR1, SIGUSR2].contains(number) else { return streams.pass(number) }
    guard early == nil else { return }
    early = number
    let patience = Self.patience
    // Unstructured: the process ends before it, or by it.
    Task(name: "patience") {
      // Nobody cancels it.
      try? await Task.sleep(for: patience)
      wake.yield(.tooLate)
    }
  }

  /// Takes the scan of a command that will not be started out of the queue.
  private func leave(_ store: SQLStore, _ scan: Scan, for signal: Int32) async -> Int {
    let patience = Self.patience
    // Unstructured for the same reason; what it cannot do in time, the next run of this name does.
    let end = Task(name: "end") {
      do {
        try await Task.sleep(for: patience)
        Glibc.exit(128 + signal)
      } catch {
        // Cancelled: it was in time.
      }
    }
    await runner?.end()
    let name = SignalName.of(signal)
    do throws(StoreError) {
      _ = try await store.seen(by: .commandLine).act(
        .cancel, on: scan.id, by: "run", reason: "\(name) came before the command was started")
    } catch {
      composition.logger.warning(
        "the scan could not be cancelled", metadata: ["error": "\(error)"])
    }
    await store.close()
    end.cancel()
    return 128 + Int(signal)
  }

  private func quit() -> Never {
    // It ends with this process.
    runner?.removeTraces()
    Glibc.exit(128 + (early ?? SIGTERM))
  }

  // MARK: Watching

  private func watch(
    _ worker: Worker, _ wake: AsyncStream<Wake>.Continuation, _ tasks: inout TaskGroup<Void>
  ) {
    tasks.addTask(name: "clock") {
      // The sleep throws when the task is cancelled.
      while (try? await Task.sleep(for: .milliseconds(500))) != nil { wake.yield(.look) }
    }
    tasks.addTask(name: "worker") {
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

  private func follow(
    _ id: ScanID, _ store: any ScanStore, _ worker: Worker, _ streams: RunStreams,
    _ wakes: AsyncStream<Wake>, _ wake: AsyncStream<Wake>.Continuation
  ) async -> Result<ProgramEnd?, CommandFailure> {
    var end: ProgramEnd?
    for await reason in wakes {
      switch reason {
      case .signal(let number):
        if end == nil, worker.running == 0 {
          noteEarly(number, streams, wake)
          if early != nil { worker.drain() }
        } else {
          streams.pass(number)
        }
      case .tooLate:
        // A scan that was claimed in that moment is given back in its own time.
        if end == nil, worker.running == 0 { quit() }
      case .commandEnded(let ended):
        // What is left is to report it, and the worker does that while it drains.
        end = ended
        worker.drain()
      case .look:
        if end == nil, await isOver(id, store) { worker.drain() }
      case .workerEnded(let failure):
        if early != nil, end == nil { return .success(nil) }
        if let failure, end == nil { return .failure(failure) }
        return .success(end)
      case .prepared: continue
      }
    }
    return .success(end)
  }

  /// A scan can end without a word of its command: cancelled before it began, or its runner killed.
  private func isOver(_ id: ScanID, _ store: any ScanStore) async -> Bool {
    do throws(StoreError) {
      guard let scan = try await store.scan(.id(id)) else { return true }
      return scan.status.isTerminal || scan.status == .paused
    } catch {
      // The database cannot be asked at this moment; the next look comes in half a second.
      return false
    }
  }

  // MARK: Telling

  private func conclude(_ end: ProgramEnd?, _ scan: Scan) throws(CommandFailure) -> Int {
    guard let end else {
      throw CommandFailure(
        .runFailed,
        "the command was not seen to its end: \(ScanView.outcome(scan))",
        detail: "`holdfast events \(scan.number)` tells more")
    }
    if end.cause != nil || isRefused(end) {
      let words = ProgramEndText(end, program: spec.command.first ?? "")
      program.errors.write("holdfast: \(DisplayText.escaped(words.sentence))\n")
      if let found = end.found {
        program.errors.write(
          "holdfast: found: \(DisplayText.escaped(found))\n"
            + "holdfast: `holdfast why \(scan.number)` tells more\n")
      }
    }
    return end.status
  }

  private func isRefused(_ end: ProgramEnd) -> Bool {
    if case .refused = end.exit { return true }
    return false
  }
}
