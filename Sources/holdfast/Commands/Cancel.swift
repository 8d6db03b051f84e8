import ArgumentParser
import HoldfastStorage

struct CancelCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel scans.",
    discussion: "A running scan is told first, then terminated, then killed.")

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.cancel, program)
  }
}
