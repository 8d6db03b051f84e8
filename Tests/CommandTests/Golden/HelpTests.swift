import ArgumentParser
import Testing

@testable import holdfast

@Suite struct HelpTests {
  /// Every command with the words that name it.
  static let commands: [(path: [String], type: any ParsableCommand.Type)] = all(
    HoldfastCommand.self, path: ["holdfast"])

  private static func all(
    _ command: any ParsableCommand.Type, path: [String]
  ) -> [(path: [String], type: any ParsableCommand.Type)] {
    [(path, command)]
      + command.configuration.subcommands.flatMap { all($0, path: path + [$0._commandName]) }
  }

  @Test(arguments: commands.map(\.path)) func helpIsAsKept(path: [String]) throws {
    let command = try #require(Self.commands.first { $0.path == path })
    let text = HoldfastCommand.helpMessage(for: command.type, columns: 80)
    try Golden.expect(
      text + "\n", at: "Tests/CommandTests/Golden/Help/\(path.joined(separator: "-")).txt")
  }

  @Test func everySubcommandTellsWhatItDoes() {
    for command in Self.commands {
      #expect(!command.type.configuration.abstract.isEmpty, "\(command.path)")
      #expect(command.type.configuration.abstract.hasSuffix("."), "\(command.path)")
    }
  }

  @Test func manualIsAsKept() throws {
    try Golden.expect(try ManualPage.text(of: HoldfastCommand.self), at: "docs/man/holdfast.1")
  }

  @Test(arguments: [CompletionShell.bash, .zsh, .fish]) func completionsAreAsKept(
    shell: CompletionShell
  ) throws {
    let names = [
      "bash": "holdfast.bash", "zsh": "_holdfast", "fish": "holdfast.fish",
    ]
    let name = try #require(names[shell.rawValue])
    try Golden.expect(
      HoldfastCommand.completionScript(for: shell) + "\n", at: "docs/completions/\(name)")
  }

  @Test func configurationReferenceIsAsKept() throws {
    try Golden.expect(ConfigurationReference.text, at: "docs/configuration.md")
  }

  @Test func exitStatusesAreDocumented() throws {
    let table = try Golden.section(
      of: "docs/command-line.md", from: "<!-- exit statuses -->\n\n", to: "\n<!-- end -->")
    #expect(table == ExitStatus.table)
  }
}
