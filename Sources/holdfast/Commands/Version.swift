import ArgumentParser
import HoldfastCore

struct VersionCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.")

  @OptionGroup(title: "Output") var output: OutputOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    guard output.json else {
      program.output.write("holdfast \(holdfastVersion)\n")
      return .success
    }
    let value: JSONValue = [
      "name": "holdfast", "version": .string(holdfastVersion),
      "runner_protocol": .int(Int64(RunnerProtocol.version)),
    ]
    program.output.write(try JSONText.of(value, pretty: program.output.isInteractive) + "\n")
    return .success
  }
}
