import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct ShowCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one scan.")

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let found = try await scan.find(in: store)
    await store.close()
    if output.json {
      try program.printJSON(ScanDocument(found))
    } else {
      let lines = ScanDetail.lines(found, terminal: program.output)
      program.output.write(lines.joined(separator: "\n") + "\n")
    }
    return .success
  }
}
