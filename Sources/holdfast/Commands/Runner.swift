import ArgumentParser
import HoldfastScanners

/// Only for the list of commands: ``Main`` starts a runner before the command line is parsed.
struct RunnerCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "runner", abstract: "Execute one attempt (started by a worker).",
    shouldDisplay: false)

  func execute(_ program: Program) async throws -> ExitStatus { RunnerMain.run() }
}
