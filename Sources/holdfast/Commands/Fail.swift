import ArgumentParser
import HoldfastStorage

struct FailCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "fail", abstract: "Mark scans as failed.",
    discussion: """
      A running scan is ended by its worker first, and marked after; where no worker is left, it is \
      marked at once. What it found is kept, and `holdfast retry` runs it again.
      """)

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.fail, program)
  }
}
