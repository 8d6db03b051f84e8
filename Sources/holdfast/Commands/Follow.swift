import ArgumentParser
import HoldfastStorage

struct FollowCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "follow", abstract: "Follow a scan to its end, as `scan` does.",
    discussion: """
      Where no worker is running, this command runs the scan itself, from its last checkpoint.
      """)

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database, flags: log.flags)
    let store = try await composition.openExisting(connections: 4)
    let found = try await scan.find(in: store)
    let end = try await ScanFollower(
      found, store: store, composition: composition, program: program
    ).run()
    await store.close()
    return try program.conclude(end, json: output.json)
  }
}
