import ArgumentParser
import HoldfastEngine
import HoldfastStorage

struct WhyCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Say why a scan does what it does: verdict, diagnosis, evidence.",
    discussion: """
      Looks at the scan's process where it runs on this machine, and asks its worker otherwise.
      It works on a scan that is not stuck, too, and shows what is stored of one that has ended.
      """)

  @Argument(help: ArgumentHelp("A scan's number or UUID.", valueName: "id"))
  var scan: ScanArgument

  @Option(
    name: .long,
    help: ArgumentHelp("How long to wait for its worker at most.", valueName: "seconds"))
  var wait: Double = 5

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    guard wait >= 0, wait <= 3600 else {
      throw ValidationError("--wait is \(wait); it must be from 0 to 3600 seconds")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let store = try await composition.openExisting()
    let found = try await scan.find(in: store)
    let investigation = Investigation(store: store, planner: composition.planner(store))
    let answer = try await askStore { () async throws(StoreError) in
      try await investigation.why(found, waitingAtMost: wait)
    }
    await store.close()
    if output.json {
      try program.printJSON(answer)
    } else {
      let lines = WhyText(answer, terminal: program.output).lines
      program.output.write(lines.joined(separator: "\n") + "\n")
    }
    return .success
  }
}
