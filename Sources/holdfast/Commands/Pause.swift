import ArgumentParser
import HoldfastStorage

struct PauseCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Stop running scans for now; they keep their progress and their target.")

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.pause, program)
  }
}
