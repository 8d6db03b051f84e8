import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct HistoryCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "List ended scans, newest first; with --cleaned, those that a cleanup has failed.",
    discussion: """
      A scan that supervision gave up on reads “Timeout - Auto-cleaned”, with the reason beside it. \
      `holdfast revert` takes a cleanup back.
      """)

  @Flag(name: .long, help: "Only scans that a cleanup has failed.")
  var cleaned = false

  @Option(name: .long, help: ArgumentHelp("Only scans of this kind.", valueName: "kind"))
  var kind: String?

  @Option(name: .long, help: ArgumentHelp("Only scans of this target.", valueName: "target"))
  var target: String?

  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let filter = ScanFilter(
      statuses: ScanStatus.allCases.filter(\.isTerminal), kind: kind, target: target,
      onlyCleaned: cleaned)
    let columns = [
      Table.Column("ID", right: true), Table.Column("STATUS"), Table.Column("KIND"),
      Table.Column("TARGET", minimum: 12, keeping: .end), Table.Column("ENDED"),
      Table.Column("REASON"), Table.Column("MESSAGE", minimum: 16),
    ]
    let printer = PagePrinter<Scan>(
      program: program, options: page, json: output.json,
      noun: cleaned ? "cleaned scans" : "ended scans")
    try await printer.run(table: Table(columns, terminal: program.output), row: Self.row) {
      cursor, limit async throws(StoreError) in
      try await store.scans(filter, cursor: cursor, limit: limit)
    }
    await store.close()
    return .success
  }

  private static func row(_ scan: Scan) -> [Table.Cell] {
    [
      Table.Cell("\(scan.number)"),
      Table.Cell(
        scan.isCleaned ? "Timeout - Auto-cleaned" : scan.status.rawValue,
        ScanView.style(of: scan.status)),
      Table.Cell(scan.kind), Table.Cell(scan.target),
      Table.Cell(scan.endedAt.map { ScanView.localTime($0) } ?? ""),
      Table.Cell(scan.cleanupReason ?? ""),
      Table.Cell(scan.errorMessage ?? scan.message ?? ""),
    ]
  }
}
