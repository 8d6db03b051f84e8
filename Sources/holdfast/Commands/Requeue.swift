import ArgumentParser
import HoldfastStorage

struct RequeueCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "requeue", abstract: "Start scans over from their beginning.",
    discussion: """
      A running scan is ended by its worker first. `holdfast retry` and `holdfast resume` go on from \
      the checkpoint instead.
      """)

  @OptionGroup var options: ActionOptions

  var wantsJSON: Bool { options.output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    try await options.execute(.requeue, program)
  }
}
