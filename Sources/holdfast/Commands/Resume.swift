import ArgumentParser
import HoldfastStorage

struct ResumeCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let paused and stuck scans go on.",
    discussion: """
      A stuck scan goes back into the queue and on from its checkpoint; its process is ended first. \
      A running scan that is not stuck is left alone.
      """)

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.resume, program)
  }
}
