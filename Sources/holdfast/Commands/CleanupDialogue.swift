import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// `holdfast cleanup` at a terminal: what to do about all stuck scans, or about each.
struct CleanupDialogue {
  let planned: SweepPlanner.Planned
  let desk: OperatorDesk
  let store: SQLStore
  let program: Program

  private enum Choice {
    case clean, resume, delete, skip, quit
  }

  /// What a person can decide about: all that the plan would change, and what runs and is stuck though its policy only reports it.
  static func entries(of plan: RecoveryPlan) -> [RecoveryPlan.Entry] {
    plan.entries.filter { $0.decision.action.changes || $0.guardian.status == .running }
  }

  private var entries: [RecoveryPlan.Entry] { Self.entries(of: planned.plan) }

  func run() async throws(CommandFailure) -> ExitStatus {
    let dead = entries.filter { $0.guardian.status == .running && !$0.isResumable }
    program.output.write(
      """
      1  Clean the dead ones (\(dead.count)); the others stay as they are
      2  Delete all (\(entries.count))
      3  Choose for each
      4  Do what the plan says
      5  Leave them

      """)
    switch Question.ask("What shall be done? [5] ", program) {
    case "1": return try await apply(dead.map(Self.cleaned))
    case "2": return try await deleteAll(entries)
    case "3": return try await chooseForEach()
    case "4": return try await apply(entries)
    default:
      program.output.write("Nothing was changed.\n")
      return .success
    }
  }

  private func chooseForEach() async throws(CommandFailure) -> ExitStatus {
    var status = ExitStatus.success
    for (index, entry) in entries.enumerated() {
      let left = entry.isResumable ? "can be resumed" : "left nothing to go on from"
      program.output.write(
        "\(index + 1) of \(entries.count): \(DisplayText.escaped(entry.verdict.sentence)) "
          + "It \(left).\n")
      let done: ExitStatus
      switch choice() {
      case .clean: done = try await apply([Self.cleaned(entry)])
      case .resume:
        done = try await apply([entry.decided(.resume, why: "an operator lets it go on")])
      case .delete: done = try await deleteAll([entry])
      case .skip: done = .success
      case .quit: return status
      }
      if done != .success { status = done }
    }
    return status
  }

  private func choice() -> Choice {
    while true {
      guard let answer = Question.ask("[c]lean, [r]esume, [d]elete, [s]kip, [q]uit? ", program)
      else { return .quit }
      switch answer.lowercased() {
      case "c", "clean": return .clean
      case "r", "resume": return .resume
      case "d", "delete": return .delete
      case "s", "skip", "": return .skip
      case "q", "quit": return .quit
      default: continue
      }
    }
  }

  private static func cleaned(_ entry: RecoveryPlan.Entry) -> RecoveryPlan.Entry {
    // What an operator asked of it before stands above a cleanup.
    switch entry.decision.action {
    case .cancel, .pause: entry
    default: entry.decided(.fail, why: "an operator cleans it")
    }
  }

  private func apply(_ entries: [RecoveryPlan.Entry]) async throws(CommandFailure) -> ExitStatus {
    let results = await carryOut(entries)
    program.output.write(CleanupText.results(results))
    return CleanupText.status(results)
  }

  private func carryOut(_ entries: [RecoveryPlan.Entry]) async -> [RecoveryApplier.Result] {
    var chosen = planned
    chosen.plan.entries = entries
    return await desk.apply(chosen, by: "cli")
  }

  // MARK: Deleting

  /// Ends them first: only what has ended can be removed.
  private func deleteAll(
    _ entries: [RecoveryPlan.Entry]
  ) async throws(CommandFailure) -> ExitStatus {
    let words =
      entries.count == 1 ? "delete \(entries[0].number)" : "delete \(entries.count) scans"
    let isSure = Question.confirms(
      "They will be removed with their items and errors, and cannot be brought back.",
      byTyping: words, program)
    guard isSure else {
      program.output.write("Nothing was removed.\n")
      return .success
    }
    var status = ExitStatus.success
    for result in await carryOut(entries.map(Self.cleaned)) {
      switch result.outcome {
      case .recovered:
        if try await !remove(result.entry) { status = .partial }
      case .ordered:
        program.output.write(
          "Scan \(result.entry.number): its worker ends its process first; then `holdfast delete "
            + "\(result.entry.number)` removes it\n")
        status = .partial
      case .reported, .moved, .refused:
        program.output.write(CleanupText.result(result) + "\n")
        status = .partial
      }
    }
    return status
  }

  private func remove(_ entry: RecoveryPlan.Entry) async throws(CommandFailure) -> Bool {
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.delete(entry.scanID, by: "cli", reason: "cleanup")
    }
    guard case .done = outcome else {
      program.output.write("Scan \(entry.number): not removed, it is active again\n")
      return false
    }
    program.output.write("Scan \(entry.number): removed\n")
    return true
  }
}
