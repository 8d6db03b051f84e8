import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

struct CleanupCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup",
    abstract: "Show what is stuck and what would be done about it, and do it.",
    discussion: """
      `serve` and `worker` do this by themselves every 15 seconds. By hand: --dry-run prints the \
      plan with its hash, --apply HASH applies exactly that plan or says what has moved since, \
      --auto plans and applies at once. Without any of them it asks what to do: clean, resume, \
      delete or leave. Only delete, which has to be typed, destroys anything.
      """)

  @Flag(name: .long, help: "Print the plan, and change nothing.")
  var dryRun = false

  @Flag(name: .long, help: "Apply the plan without asking.")
  var auto = false

  @Option(name: .long, help: ArgumentHelp("Apply the plan with this hash.", valueName: "hash"))
  var apply: String?

  @OptionGroup(title: "Filter") var filter: CleanupFilter
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    guard [dryRun, auto, apply != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("only one of --dry-run, --auto and --apply can be given")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let store = try await composition.openExisting()
    let plans = PlanFolder(dataDirectory: composition.configuration.dataDirectory)
    let kept = try apply.map { hash throws(CommandFailure) in try plans.plan(hash) } ?? nil
    let desk = composition.desk(store)
    // A kept plan was made for a filter, which need not be given again.
    let planned = try await askStore { () async throws(StoreError) in
      try await desk.plan(filter: filter.isEmpty ? kept?.filter ?? filter.filter : filter.filter)
    }
    let status: ExitStatus
    if dryRun {
      if let problem = plans.keep(planned.plan) {
        program.errors.write("holdfast: the plan could not be kept: \(problem)\n")
      }
      try show(planned.plan, program)
      status = .success
    } else if let apply {
      try await refuseWhatMoved(apply, kept, planned.plan, desk)
      status = try await carryOut(planned, desk, program)
    } else if auto {
      status = try await carryOut(planned, desk, program)
    } else {
      try show(planned.plan, program)
      status = try await ask(planned, desk, store, program)
    }
    await store.close()
    return status
  }

  private func ask(
    _ planned: SweepPlanner.Planned, _ desk: OperatorDesk, _ store: SQLStore, _ program: Program
  ) async throws(CommandFailure) -> ExitStatus {
    guard !CleanupDialogue.entries(of: planned.plan).isEmpty else { return .success }
    guard Question.canAsk, !output.json else {
      throw CommandFailure(
        .usage, "nobody can be asked here: give --auto, or --apply \(planned.plan.hash)")
    }
    let dialogue = CleanupDialogue(planned: planned, desk: desk, store: store, program: program)
    return try await dialogue.run()
  }

  private func carryOut(
    _ planned: SweepPlanner.Planned, _ desk: OperatorDesk, _ program: Program
  ) async throws(CommandFailure) -> ExitStatus {
    let results = await desk.apply(planned, by: "cli")
    if output.json {
      let outcomes = results.map { ($0.entry.scanID, $0.outcome.rawValue) }
      try program.printJSON(
        PlanResult(plan: planned.plan, outcomes: Dictionary(outcomes) { $1 }))
    } else {
      program.output.write(CleanupText.results(results))
    }
    return CleanupText.status(results)
  }

  /// A plan that is not the one of now is not applied; what has moved is told, scan by scan, where the plan was kept.
  private func refuseWhatMoved(
    _ hash: String, _ kept: RecoveryPlan?, _ fresh: RecoveryPlan, _ desk: OperatorDesk
  ) async throws(CommandFailure) {
    guard hash != fresh.hash else { return }
    let refusals = try await askStore { () async throws(StoreError) in
      guard let kept else { return [RecoveryRefusal]() }
      return try await desk.refusals(of: kept, now: fresh)
    }
    let moved = refusals.prefix(20).map(\.sentence).joined(separator: "\n")
    throw CommandFailure(
      .failed,
      "the plan \(DisplayText.escaped(hash)) is not what would be done now"
        + (moved.isEmpty ? "" : ":\n\(moved)"),
      detail: "What is due now has the hash \(fresh.hash): `holdfast cleanup --dry-run` shows it")
  }

  private func show(_ plan: RecoveryPlan, _ program: Program) throws(CommandFailure) {
    if output.json {
      if dryRun { try program.printJSON(PlanDocument(plan)) }
    } else {
      program.output.write(CleanupText.plan(plan))
    }
  }
}

/// Which of the stuck scans are meant.
struct CleanupFilter: ParsableArguments {
  @Option(name: .long, help: "Only scans of this kind.")
  var kind: String?

  @Option(name: .long, help: "Only targets that match; * stands for any characters.")
  var target: String?

  @Option(name: .long, help: "Only for this reason, such as heartbeat_stale.")
  var reason: Reason?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Only scans that are at least so old.", valueName: "hours"),
    transform: OptionText.ageHours)
  var ageHours: Double?

  var isEmpty: Bool { filter == .init() }

  var filter: RecoveryPlan.Filter {
    .init(kind: kind, target: target, reason: reason, minAgeSeconds: ageHours.map { $0 * 3600 })
  }
}

extension Reason: ExpressibleByArgument {}
