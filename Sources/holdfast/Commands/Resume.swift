import ArgumentParser
import HoldfastStorage

struct ResumeCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let paused scans go on.")

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.resume, program)
  }
}
