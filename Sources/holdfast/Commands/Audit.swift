import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct AuditCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "List what was done through the API and by hand, the newest first.",
    discussion: """
      Who, from where, what, to what; --json adds how it was before and after. Actions of commands on \
      scans are in the scans' own events.
      """)

  @Option(name: .long, help: ArgumentHelp("Only what this one did.", valueName: "name"))
  var actor: String?

  @Option(
    name: .long, help: ArgumentHelp("Only this action, as scan.cancel.", valueName: "action"))
  var action: String?

  @Option(
    name: .long, help: ArgumentHelp("Only what was done to this, as “scan 12”.", valueName: "name"))
  var object: String?

  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let filter = AuditFilter(actor: actor, action: action, object: object)
    let printer = PagePrinter<AuditRecord>(
      program: program, options: page, json: output.json, noun: "such actions")
    let columns = ["Time", "Actor", "From", "Action", "Object", "Tenant"]
    try await printer.run(
      table: Table(columns.map { Table.Column($0) }, terminal: program.output),
      row: { record in
        [
          record.at.description, record.actor, record.address ?? "–", record.action,
          record.object, record.tenant,
        ].map { Table.Cell($0) }
      },
      fetch: { cursor, limit async throws(StoreError) in
        try await store.auditLog(filter, cursor: cursor, limit: limit)
      })
    await store.close()
    return .success
  }
}
