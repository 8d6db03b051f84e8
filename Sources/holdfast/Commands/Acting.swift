import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// What `cancel`, `retry`, `pause` and `resume` share.
struct ActionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Numbers or UUIDs of scans.", valueName: "id"))
  var scans: [ScanArgument]

  @Option(
    name: .long, help: ArgumentHelp("Why; kept with the scan's events.", valueName: "text"),
    transform: OptionText.reason)
  var reason: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  /// Acts on one scan after the other; one that cannot be acted on does not stop the rest.
  func execute(_ action: OperatorAction, _ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let store = try await composition.openExisting()
    let desk = composition.desk(store)
    var changed: [Scan] = []
    var firstFailure: CommandFailure?
    for argument in scans {
      do {
        let (scan, isDone) = try await act(action, on: argument, store: store, desk: desk)
        changed.append(scan)
        if !output.json { program.output.write(action.told(scan, isDone: isDone) + "\n") }
      } catch {
        if scans.count == 1 { throw error }
        _ = program.report(error, asJSON: output.json)
        firstFailure = firstFailure ?? error
      }
    }
    await store.close()
    if output.json { try program.printJSON(Page(items: changed, nextCursor: nil)) }
    return firstFailure?.status ?? .success
  }

  private func act(
    _ action: OperatorAction, on argument: ScanArgument, store: any ScanStore, desk: OperatorDesk
  ) async throws(CommandFailure) -> (Scan, isDone: Bool) {
    let scan = try await argument.find(in: store)
    if action == .resume, scan.status == .running {
      return try await resumeStuck(scan, argument, store: store, desk: desk)
    }
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.act(action, on: scan.id, by: "cli", reason: reason)
    }
    switch outcome {
    case .done(let scan): return (scan, true)
    case .requested(let scan): return (scan, false)
    case .notAllowed(let scan):
      throw CommandFailure(
        .failed,
        "scan \(scan.number) is \(scan.status.rawValue): it cannot be \(action.participle)",
        detail: action.condition)
    case .scopeHeld(let holder):
      throw CommandFailure(
        .notYet,
        "scan \(scan.number) cannot be \(action.participle) while scan \(holder.number) is "
          + "\(holder.status.rawValue): both are of \(DisplayText.escaped(scan.target))")
    case .notFound: throw .noSuchScan(argument.text)
    }
  }
}

extension ActionOptions {
  /// A running scan can be resumed only where it is stuck.
  private func resumeStuck(
    _ scan: Scan, _ argument: ScanArgument, store: any ScanStore, desk: OperatorDesk
  ) async throws(CommandFailure) -> (Scan, isDone: Bool) {
    let outcome = try await askStore { () async throws(StoreError) in
      try await desk.resumeStuck(scan.id, by: "cli", reason: reason)
    }
    switch outcome {
    case .recovered: return (try await argument.find(in: store), true)
    case .ordered: return (try await argument.find(in: store), false)
    case .moved, .refused:
      throw CommandFailure(
        .notYet, "scan \(scan.number) has moved since it was looked at: nothing was changed")
    case .reported, nil:
      throw CommandFailure(
        .failed, "scan \(scan.number) is running and not stuck: it cannot be resumed",
        detail: OperatorAction.resume.condition)
    }
  }
}

extension OperatorAction {
  var participle: String {
    switch self {
    case .cancel: "cancelled"
    case .pause: "paused"
    case .resume: "resumed"
    case .retry: "retried"
    case .fail: "failed by hand"
    case .requeue: "requeued"
    case .revert: "reverted"
    case .reset: "reset"
    }
  }

  /// When it can be done.
  var condition: String {
    switch self {
    case .cancel: "Scans that are pending, running or paused can be cancelled."
    case .pause: "Scans that are running can be paused."
    case .resume:
      "Scans that are paused, or running and stuck, can be resumed; `holdfast retry` runs an ended "
        + "one again."
    case .retry: "Scans that are failed, partial or cancelled can be retried."
    case .fail: "Scans that are pending or running can be failed; a paused one can be cancelled."
    case .requeue: "Scans that are running, failed, partial or cancelled can be started over."
    case .revert:
      "Scans that a cleanup or an operator has failed can be reverted; `holdfast retry` runs any "
        + "ended one again."
    case .reset: "Scans that are failed can be reset."
    }
  }

  func told(_ scan: Scan, isDone: Bool) -> String {
    guard isDone else { return "Scan \(scan.number) is about to be \(participle) by its worker." }
    switch self {
    case .cancel, .pause: return "Scan \(scan.number) is \(participle)."
    case .fail: return "Scan \(scan.number) is failed."
    case .resume, .retry, .requeue, .revert, .reset:
      return "Scan \(scan.number) is back in the queue."
    }
  }
}
