import ArgumentParser
import HoldfastCore

struct PolicyCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Print the policy that holds for a kind or a target, and where each value is from.")

  @Argument(help: ArgumentHelp("The kind of scan, such as library.", valueName: "kind"))
  var kind: String

  @Argument(help: ArgumentHelp("A target of that kind.", valueName: "target"))
  var target: String?

  @OptionGroup(title: "Output") var output: OutputOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let effective = PolicyBook().effective(kind: kind, target: target)
    if output.json {
      try program.printJSON(effective)
      return .success
    }
    let width = effective.rows.map(\.field.rawValue.count).max() ?? 0
    let lines = effective.rows.map { row in
      let name = row.field.rawValue
      let gap = String(repeating: " ", count: width - name.count + 2)
      return "\(name)\(gap)\(row.value.serialized)  (\(row.from))"
    }
    program.output.write(lines.joined(separator: "\n") + "\n")
    return .success
  }
}
