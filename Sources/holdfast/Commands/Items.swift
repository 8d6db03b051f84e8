import ArgumentParser
import HoldfastCore
import HoldfastStorage

extension Item.Change: ExpressibleByArgument {}

struct ItemsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "items", abstract: "List what a scan found, by name.")

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @Option(name: .long, help: ArgumentHelp("Only items with this change.", valueName: "change"))
  var change: Item.Change?

  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let id = try await scan.find(in: store).id
    let columns = [
      Table.Column("CHANGE"), Table.Column("TYPE"),
      Table.Column("KEY", minimum: 20, keeping: .end), Table.Column("SIZE", right: true),
    ]
    let printer = PagePrinter<ScanItemRecord>(
      program: program, options: page, json: output.json, noun: "items")
    try await printer.run(
      table: Table(columns, terminal: program.output), row: Self.row,
      fetch: { cursor, limit async throws(StoreError) in
        try await store.items(of: id, change: change, cursor: cursor, limit: limit)
      })
    await store.close()
    return .success
  }

  private static func row(_ record: ScanItemRecord) -> [Table.Cell] {
    let item = record.item
    let origin = item.data?["from"]?.stringValue.map { " (from \($0))" } ?? ""
    let size = item.data?["size"]?.intValue.map(Quantity.bytes) ?? ""
    return [
      Table.Cell(item.change.rawValue, style(of: item.change)), Table.Cell(item.type),
      Table.Cell(item.key + origin), Table.Cell(size),
    ]
  }

  private static func style(of change: Item.Change) -> Terminal.Style? {
    switch change {
    case .added: .green
    case .updated: .yellow
    case .removed: .red
    case .moved: .cyan
    case .missing, .found: nil
    }
  }
}
