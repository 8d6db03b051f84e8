import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

struct CheckCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say whether a scan of a target can start: start, resume, cleanup or wait.",
    discussion: """
      Answers from the active scan of the same scope, if there is one, and changes nothing.
      """)

  @Argument(help: ArgumentHelp("The kind of scan, such as library.", valueName: "kind"))
  var kind: String

  @Argument(help: ArgumentHelp("What would be scanned, as the scan names it.", valueName: "target"))
  var target: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How old a dead scan must be before it is cleaned.", valueName: "hours"))
  var ageHours: Double?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let store = try await composition.openExisting()
    let policy = composition.policy(kind, target)
    let check = try await check(composition, store, policy)
    await store.close()
    if output.json {
      try program.printJSON(check)
    } else {
      program.output.write("\(check.action.rawValue): \(DisplayText.escaped(check.reason))\n")
    }
    return .success
  }

  private func check(
    _ composition: Composition, _ store: SQLStore, _ policy: Policy
  ) async throws(CommandFailure) -> PreScanCheck {
    let scope = policy.scope(kind: kind, target: target)
    let (page, fleet) = try await askStore { () async throws(StoreError) in
      (
        try await store.snapshot(scope: scope ?? "", tenantID: "default"), try await store.fleet()
      )
    }
    let planned = composition.planner(store).planned(page.rows, fleet: fleet, now: page.now)
    return PreScanCheck.decide(
      active: planned.rows.first?.snapshot, policy: policy, now: page.now, ageHours: ageHours)
  }
}
