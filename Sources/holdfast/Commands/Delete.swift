import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct DeleteCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove an ended scan with all that it holds, for ever.",
    discussion: """
      The only command that destroys anything. It asks for the scan's number to be typed; --confirm \
      gives it where nobody can be asked. The scan's events stay, and tell who removed it. What the \
      next scan of the same target compares with stays too.
      """)

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @Option(
    name: .long, help: ArgumentHelp("The scan's number, once more.", valueName: "number"))
  var confirm: Int64?

  @Option(
    name: .long, help: ArgumentHelp("Why; kept with the scan's events.", valueName: "text"),
    transform: OptionText.reason)
  var reason: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let found = try await scan.find(in: store)
    let status = try await remove(found, store, program)
    await store.close()
    return status
  }

  private func remove(
    _ scan: Scan, _ store: SQLStore, _ program: Program
  ) async throws(CommandFailure) -> ExitStatus {
    guard scan.status.isTerminal else { throw Self.active(scan) }
    guard try isConfirmed(scan, program) else { return .success }
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.delete(scan.id, by: "cli", reason: reason)
    }
    switch outcome {
    case .done(let gone):
      if output.json {
        try program.printJSON(gone)
      } else {
        program.output.write("Scan \(gone.number) is removed.\n")
      }
      return .success
    case .notFound: throw .noSuchScan("\(scan.number)")
    case .notAllowed(let scan), .requested(let scan), .scopeHeld(let scan):
      throw Self.active(scan)
    }
  }

  private func isConfirmed(
    _ scan: Scan, _ program: Program
  ) throws(CommandFailure) -> Bool {
    if let confirm {
      guard confirm == scan.number else {
        throw CommandFailure(
          .usage, "--confirm: \(confirm) is not the number of this scan, \(scan.number)")
      }
      return true
    }
    guard Question.canAsk, !output.json else {
      throw CommandFailure(
        .usage, "nobody can be asked here: give --confirm \(scan.number) to remove the scan")
    }
    let isSure = Question.confirms(
      "Scan \(scan.number) (\(scan.kind) \(DisplayText.escaped(scan.target))) will be removed with "
        + "its items and errors, and cannot be brought back.",
      byTyping: "delete \(scan.number)", program)
    if !isSure { program.output.write("Nothing was removed.\n") }
    return isSure
  }

  private static func active(_ scan: Scan) -> CommandFailure {
    CommandFailure(
      .failed, "scan \(scan.number) is \(scan.status.rawValue): only an ended scan can be removed",
      detail: "`holdfast cancel \(scan.number)` and `holdfast fail \(scan.number)` end it")
  }
}
