import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

struct ResetCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Put all failed scans back to pending.",
    discussion: """
      Shows first which scans those are, and asks. A failed scan of whose target a later scan exists \
      is passed over: running it again would tell nothing new.
      """)

  @Flag(name: .long, help: "The scans that have failed (the only ones that can be reset).")
  var failed = false

  @Flag(name: .long, help: "Show which scans would be reset, and change nothing.")
  var dryRun = false

  @Flag(name: .long, help: "Do not ask.")
  var yes = false

  @Option(name: .long, help: ArgumentHelp("Only scans of this kind.", valueName: "kind"))
  var kind: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    guard failed else {
      throw ValidationError("--failed is missing: it says which scans are reset")
    }
  }

  /// What `--json` prints.
  private struct Preview: Encodable {
    var wouldReset: [Int64]
    var passedOver: [Int64]

    enum CodingKeys: String, CodingKey {
      case wouldReset = "would_reset"
      case passedOver = "passed_over"
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let store = try await composition.openExisting()
    let desk = composition.desk(store)
    let found = try await askStore { () async throws(StoreError) in try await desk.resettable() }
    let candidates = found.filter { kind == nil || $0.scan.kind == kind }
    let status = try await act(candidates, desk, program)
    await store.close()
    return status
  }

  private func act(
    _ candidates: [ResetCandidate], _ desk: OperatorDesk, _ program: Program
  ) async throws(CommandFailure) -> ExitStatus {
    let open = candidates.filter { $0.supersededBy == nil }
    if !output.json { show(candidates, open: open.count, program) }
    if dryRun {
      let others = candidates.filter { $0.supersededBy != nil }
      if output.json {
        try program.printJSON(
          Preview(
            wouldReset: open.map(\.scan.number), passedOver: others.map(\.scan.number)))
      }
      return .success
    }
    guard !open.isEmpty || output.json else { return .success }
    if !yes {
      guard Question.canAsk, !output.json else {
        throw CommandFailure(.usage, "nobody can be asked here: give --yes, or --dry-run to look")
      }
      guard Question.confirms("Reset \(Self.scans(open.count))?", program) else { return .success }
    }
    let report = try await askStore { () async throws(StoreError) in
      try await desk.reset(candidates, by: "cli")
    }
    if output.json {
      try program.printJSON(report)
    } else {
      program.output.write("Reset \(Self.scans(report.reset.count)) to pending.\n")
    }
    return .success
  }

  private func show(_ candidates: [ResetCandidate], open: Int, _ program: Program) {
    var lines = candidates.prefix(50).map { candidate in
      let scan = candidate.scan
      let name = "Scan \(scan.number) (\(scan.kind) \(DisplayText.escaped(scan.target)))"
      if let later = candidate.supersededBy {
        return "  pass over  \(name): scan \(later) of the same target came later"
      }
      return "  reset      \(name): "
        + DisplayText.escaped(scan.errorMessage ?? scan.cleanupReason ?? "failed")
    }
    if candidates.count > 50 { lines.append("  … and \(candidates.count - 50) more") }
    lines.append(
      "Failed: \(candidates.count)  To reset: \(open)  Passed over: \(candidates.count - open)")
    program.output.write(lines.joined(separator: "\n") + "\n")
  }

  private static func scans(_ count: Int) -> String { "\(count) scan\(count == 1 ? "" : "s")" }
}
