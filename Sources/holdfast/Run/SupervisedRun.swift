import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastStorage
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
    case look
    case signal(Int32)
    case commandEnded(ProgramEnd)
    case workerEnded(CommandFailure?)
  }

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
    // Trapped before there is anything to pass them on to: they wait.
    let signals = await UnixSignalsSequence(trapping: Self.passedOn)
    let store = try await composition.openForWork(connections: 3)
    let scan = try await RunSubmission(
      store: store, target: target, spec: spec, policy: policy, isResumable: isResumable
    ).submit()
    let worker = composition.worker(
      store, running: spec, as: scan.id, policy: policy, attachment: streams.attachment)
    let result: Result<ProgramEnd?, CommandFailure> = await withTaskGroup(of: Void.self) { tasks in
      watch(store, signals, worker, wake, &tasks)
      let result = await follow(scan.id, store, worker, streams, wakes)
      tasks.cancelAll()
      wake.finish()
      return result
    }
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

  // MARK: Watching

  private func watch(
    _ store: any ScanStore, _ signals: UnixSignalsSequence, _ worker: Worker,
    _ wake: AsyncStream<Wake>.Continuation, _ tasks: inout TaskGroup<Void>
  ) {
    tasks.addTask(name: "signals") {
      for await signal in signals { wake.yield(.signal(signal.rawValue)) }
    }
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
    _ wakes: AsyncStream<Wake>
  ) async -> Result<ProgramEnd?, CommandFailure> {
    var end: ProgramEnd?
    for await reason in wakes {
      switch reason {
      case .signal(let number):
        streams.pass(number)
      case .commandEnded(let ended):
        // What is left is to report it, and the worker does that while it drains.
        end = ended
        worker.drain()
      case .look:
        if end == nil, await isOver(id, store) { worker.drain() }
      case .workerEnded(let failure):
        if let failure, end == nil { return .failure(failure) }
        return .success(end)
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
