import ArgumentParser
import HoldfastCore
import HoldfastStorage

/// A scan as people name it on the command line.
struct ScanArgument: ExpressibleByArgument {
  let text: String
  let reference: ScanReference

  init?(argument: String) {
    guard let reference = ScanReference(argument) else { return nil }
    text = argument
    self.reference = reference
  }

  /// Finds the scan in the database.
  func find(in store: any ScanStore) async throws(CommandFailure) -> Scan {
    let scan = try await askStore { () async throws(StoreError) in try await store.scan(reference) }
    guard let scan else { throw .noSuchScan(text) }
    return scan
  }
}

/// Prints a list page by page: as a table, or as JSON in the shape of ``Page``.
struct PagePrinter<Row: Codable & Sendable> {
  let program: Program
  let options: PageOptions
  let json: Bool
  /// What a row is called, for the note on what is left.
  let noun: String

  /// How many rows one question to the database brings.
  private let chunk = 500

  func run(
    table: Table, row: (Row) -> [Table.Cell],
    fetch: (_ cursor: String?, _ limit: Int) async throws(StoreError) -> Page<Row>
  ) async throws(CommandFailure) {
    if json { return try await printJSON(fetch) }
    var table = table
    var cursor = options.cursor
    var left = options.all ? Int.max : options.limit
    var count = 0
    repeat {
      let (after, size) = (cursor, min(left, chunk))
      let page = try await askStore { () async throws(StoreError) in try await fetch(after, size) }
      count += page.items.count
      if count == 0 { break }
      let lines = table.lines(for: page.items.map(row))
      guard program.output.write(lines.joined(separator: "\n") + "\n") else { return }
      left -= page.items.count
      cursor = page.nextCursor
    } while cursor != nil && left > 0
    if count == 0 { program.errors.write("There are no \(noun).\n") }
    if let cursor {
      program.errors.write("There are more: --all, or --cursor \(cursor)\n")
    }
  }

  /// One page as it is; with `--all`, one item a line as they come, so that a million cost no
  /// memory.
  private func printJSON(
    _ fetch: (_ cursor: String?, _ limit: Int) async throws(StoreError) -> Page<Row>
  ) async throws(CommandFailure) {
    guard options.all else {
      var page = Page<Row>(items: [], nextCursor: options.cursor)
      repeat {
        let (after, size) = (page.nextCursor, min(options.limit - page.items.count, chunk))
        let next = try await askStore { () async throws(StoreError) in try await fetch(after, size)
        }
        page.items += next.items
        page.nextCursor = next.nextCursor
      } while page.nextCursor != nil && page.items.count < options.limit
      program.output.write(try JSONText.of(page, pretty: program.output.isInteractive) + "\n")
      return
    }
    program.output.write("{\"items\":[")
    var cursor = options.cursor
    var separator = "\n"
    repeat {
      let (after, size) = (cursor, chunk)
      let page = try await askStore { () async throws(StoreError) in try await fetch(after, size) }
      var text = ""
      for item in page.items {
        text += separator + (try JSONText.of(item, pretty: false))
        separator = ",\n"
      }
      guard program.output.write(text) else { return }
      cursor = page.nextCursor
    } while cursor != nil
    program.output.write("\n]}\n")
  }
}

/// What the commands that list what belongs to one scan have in common: their arguments and their way from the database to
/// the page.
struct ScanListing: ParsableArguments {
  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  /// - Parameters:
  ///   - noun: what a row is called, for the note on what is left.
  ///   - fetch: asks the store for a page of this scan's rows.
  func run<Row: Codable & Sendable>(
    _ program: Program, noun: String, columns: [Table.Column], row: (Row) -> [Table.Cell],
    fetch: (SQLStore, ScanID, _ cursor: String?, _ limit: Int) async throws(StoreError) ->
      Page<Row>
  ) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let id = try await scan.find(in: store).id
    let printer = PagePrinter<Row>(
      program: program, options: page, json: output.json, noun: noun)
    try await printer.run(
      table: Table(columns, terminal: program.output), row: row,
      fetch: { cursor, limit async throws(StoreError) in
        try await fetch(store, id, cursor, limit)
      })
    await store.close()
    return .success
  }
}

extension Program {
  func printJSON(_ value: some Encodable) throws(CommandFailure) {
    output.write(try JSONText.of(value, pretty: output.isInteractive) + "\n")
  }
}
