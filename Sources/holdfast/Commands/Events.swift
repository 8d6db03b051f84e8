import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct EventsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Tell a scan's story, oldest first.")

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
      Table.Column("TIME"), Table.Column("EVENT"), Table.Column("DATA", minimum: 20),
    ]
    let printer = PagePrinter<ScanEvent>(
      program: program, options: page, json: output.json, noun: "events")
    try await printer.run(
      table: Table(columns, terminal: program.output),
      row: { event in
        [
          Table.Cell(ScanView.localTime(event.createdAt), .dim), Table.Cell(event.eventType),
          Table.Cell(ScanDetail.compact(event.eventData)),
        ]
      },
      fetch: { cursor, limit async throws(StoreError) in
        try await store.events(of: id, cursor: cursor, limit: limit)
      })
    await store.close()
    return .success
  }
}
