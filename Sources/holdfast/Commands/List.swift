import ArgumentParser
import HoldfastCore
import HoldfastStorage

extension ScanStatus: ExpressibleByArgument {}

struct ListCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List scans, newest first.")

  @OptionGroup(title: "Filter") var filter: FilterOptions
  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let filter = ScanFilter(
      statuses: filter.status, kind: filter.kind, target: filter.target)
    let printer = PagePrinter<Scan>(
      program: program, options: page, json: output.json, noun: "such scans")
    try await printer.run(
      table: Table(ScanView.columns, terminal: program.output), row: ScanView.row
    ) { cursor, limit async throws(StoreError) in
      try await store.scans(filter, cursor: cursor, limit: limit)
    }
    await store.close()
    return .success
  }
}

/// Which scans to list.
struct FilterOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Only scans with this status; can be given again.", valueName: "status"))
  var status: [ScanStatus] = []

  @Option(name: .long, help: ArgumentHelp("Only scans of this kind.", valueName: "kind"))
  var kind: String?

  @Option(name: .long, help: ArgumentHelp("Only scans of this target.", valueName: "target"))
  var target: String?
}
