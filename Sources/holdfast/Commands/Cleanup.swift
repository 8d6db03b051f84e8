import ArgumentParser
import Glibc
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
      --auto plans and applies at once. Without any of them it asks. Nothing is ever deleted.
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
    let planner = composition.planner(store)
    let planned = try await askStore { () async throws(StoreError) in
      try await planner.plan(filter: filter.filter)
    }
    let status = try await act(planned, planner, store, composition, program)
    await store.close()
    return status
  }

  private func act(
    _ planned: SweepPlanner.Planned, _ planner: SweepPlanner, _ store: SQLStore,
    _ composition: Composition, _ program: Program
  ) async throws(CommandFailure) -> ExitStatus {
    let plan = planned.plan
    if let apply, apply != plan.hash {
      throw CommandFailure(
        .failed, "the plan \(DisplayText.escaped(apply)) is not what would be done now",
        detail: "What is due now has the hash \(plan.hash): `holdfast cleanup --dry-run` shows it")
    }
    if dryRun {
      output.json ? try program.printJSON(plan) : show(plan, program)
      return .success
    }
    if apply == nil && !auto {
      show(plan, program)
      guard plan.entries.contains(where: { $0.decision.action.changes }) else { return .success }
      guard isatty(0) == 1 else {
        throw CommandFailure(
          .usage, "nobody can be asked here: give --auto, or --apply \(plan.hash)")
      }
      program.output.write("Apply this plan? [y/N] ")
      guard ["y", "yes"].contains(readLine()?.lowercased()) else { return .success }
    }
    let applier = RecoveryApplier(store: store, actor: "cli", logger: composition.logger)
    let results = await applier.apply(
      planned, patienceSeconds: { planner.effective($0).cancellingTimeoutSeconds },
      jitter: { Double.random(in: 0...1) })
    if output.json {
      try program.printJSON(CleanupResult(plan: plan, results: results))
    } else {
      tell(results, program)
    }
    return results.contains { $0.outcome == .refused || $0.outcome == .moved } ? .partial : .success
  }

  private func show(_ plan: RecoveryPlan, _ program: Program) {
    let summary = StuckSummary(of: plan)
    var lines = plan.entries.map { entry in
      "  \(entry.decision.action.rawValue)  \(DisplayText.escaped(entry.verdict.sentence))\n"
        + "          \(entry.decision.reason.rawValue): \(entry.decision.why)"
    }
    if plan.entries.isEmpty { lines = ["No stuck runs found."] }
    lines.append(
      "Total stuck: \(summary.total)  Resumable: \(summary.resumable.count)  "
        + "Dead: \(summary.dead.count)")
    if !plan.held.isEmpty { lines.append("Held back: \(plan.held.count), \(plan.heldBecause)") }
    lines.append("Plan \(plan.hash)")
    program.output.write(lines.joined(separator: "\n") + "\n")
  }

  private func tell(_ results: [RecoveryApplier.Result], _ program: Program) {
    let lines = results.map {
      "Scan \($0.entry.number): \($0.entry.decision.action.rawValue), \($0.outcome.rawValue)"
    }
    program.output.write(
      (lines.isEmpty ? ["No stuck runs found."] : lines).joined(separator: "\n") + "\n")
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
    name: .long, help: ArgumentHelp("Only scans that are at least so old.", valueName: "hours"))
  var ageHours: Double?

  func validate() throws {
    if let ageHours, !(ageHours >= 0) {
      throw ValidationError("--age-hours: \(ageHours) is not a number of hours from 0 up")
    }
  }

  var filter: RecoveryPlan.Filter {
    .init(kind: kind, target: target, reason: reason, minAgeSeconds: ageHours.map { $0 * 3600 })
  }
}

extension Reason: ExpressibleByArgument {}

/// What `holdfast cleanup --json` prints once it has acted.
struct CleanupResult: Encodable {
  struct Row: Encodable {
    var number: Int64
    var scanID: ScanID
    var action: RecoveryDecision.Action
    var reason: Reason
    var outcome: RecoveryApplier.Outcome

    enum CodingKeys: String, CodingKey {
      case number, action, reason, outcome
      case scanID = "scan_id"
    }
  }

  var hash: String
  var results: [Row]

  init(plan: RecoveryPlan, results: [RecoveryApplier.Result]) {
    hash = plan.hash
    self.results = results.map {
      Row(
        number: $0.entry.number, scanID: $0.entry.scanID, action: $0.entry.decision.action,
        reason: $0.entry.decision.reason, outcome: $0.outcome)
    }
  }
}
