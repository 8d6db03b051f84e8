import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct ErrorsCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "errors", abstract: "List what went wrong in a scan without ending it.")

  @OptionGroup var listing: ScanListing

  var wantsJSON: Bool { listing.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await listing.run(
      program, noun: "errors",
      columns: [
        Table.Column("TYPE"), Table.Column("PATH", minimum: 16, keeping: .end),
        Table.Column("MESSAGE", minimum: 20),
      ],
      row: { (error: ScanErrorRecord) in
        [
          Table.Cell(error.errorType, .yellow), Table.Cell(error.filePath),
          Table.Cell(error.errorMessage),
        ]
      },
      fetch: { store, id, cursor, limit async throws(StoreError) in
        try await store.errors(of: id, cursor: cursor, limit: limit)
      })
  }
}
