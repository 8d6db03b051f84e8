import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct ErrorsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "errors", abstract: "List what went wrong in a scan without ending it.")

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let id = try await scan.find(in: store).id
    let columns = [
      Table.Column("TYPE"), Table.Column("PATH", minimum: 16, keeping: .end),
      Table.Column("MESSAGE", minimum: 20),
    ]
    let printer = PagePrinter<ScanErrorRecord>(
      program: program, options: page, json: output.json, noun: "errors")
    try await printer.run(
      table: Table(columns, terminal: program.output),
      row: { error in
        [
          Table.Cell(error.errorType, .yellow), Table.Cell(error.filePath),
          Table.Cell(error.errorMessage),
        ]
      },
      fetch: { cursor, limit async throws(StoreError) in
        try await store.errors(of: id, cursor: cursor, limit: limit)
      })
    await store.close()
    return .success
  }
}
