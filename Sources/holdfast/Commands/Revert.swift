import ArgumentParser
import HoldfastStorage

struct RevertCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "revert", abstract: "Take back the cleanup of scans.",
    discussion: """
      For scans that a cleanup or an operator has failed: they go back into the queue with all that \
      they had, and on from their checkpoint.
      """)

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.revert, program)
  }
}
