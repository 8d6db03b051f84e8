import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct EventsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Tell a scan's story, oldest first.")

  @OptionGroup var listing: ScanListing

  var wantsJSON: Bool { listing.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await listing.run(
      program, noun: "events",
      columns: [Table.Column("TIME"), Table.Column("EVENT"), Table.Column("DATA", minimum: 20)],
      row: { (event: ScanEvent) in
        [
          Table.Cell(ScanView.localTime(event.createdAt), .dim), Table.Cell(event.eventType),
          Table.Cell(ScanDetail.compact(event.eventData)),
        ]
      },
      fetch: { store, id, cursor, limit async throws(StoreError) in
        try await store.events(of: id, cursor: cursor, limit: limit)
      })
  }
}
