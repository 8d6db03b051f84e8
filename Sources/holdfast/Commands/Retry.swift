import ArgumentParser
import HoldfastStorage

struct RetryCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Run ended scans again, from their checkpoint if they have one."
  )

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.retry, program)
  }
}
