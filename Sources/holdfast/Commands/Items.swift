import ArgumentParser
import HoldfastCore
import HoldfastStorage

extension Item.Change: ExpressibleByArgument {}

struct ItemsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "items", abstract: "List what a scan found, by name.")

  @Option(name: .long, help: ArgumentHelp("Only items with this change.", valueName: "change"))
  var change: Item.Change?

  @OptionGroup var listing: ScanListing

  var wantsJSON: Bool { listing.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await listing.run(
      program, noun: "items",
      columns: [
        Table.Column("CHANGE"), Table.Column("TYPE"),
        Table.Column("KEY", minimum: 20, keeping: .end), Table.Column("SIZE", right: true),
      ],
      row: Self.row,
      fetch: { store, id, cursor, limit async throws(StoreError) in
        try await store.items(of: id, change: change, cursor: cursor, limit: limit)
      })
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
