import ArgumentParser
import HoldfastCore

/// `holdfast` itself: the list of its commands.
struct HoldfastCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "holdfast",
    abstract: "Runs scans that cannot get stuck.",
    discussion: """
      Settings come from flags, then the environment, then holdfast.yaml, then the defaults.
      """,
    version: holdfastVersion,
    groupedSubcommands: [
      CommandGroup(name: "Running", subcommands: [ServeCommand.self, WorkerCommand.self]),
      CommandGroup(name: "Scanning", subcommands: [ScanCommand.self, FollowCommand.self]),
      CommandGroup(
        name: "Reading",
        subcommands: [
          ListCommand.self, ShowCommand.self, EventsCommand.self, ErrorsCommand.self,
          ItemsCommand.self,
        ]),
      CommandGroup(
        name: "Acting",
        subcommands: [
          CancelCommand.self, RetryCommand.self, PauseCommand.self, ResumeCommand.self,
        ]),
      CommandGroup(
        name: "Supervision",
        subcommands: [
          CleanupCommand.self, CheckCommand.self, UnlockCommand.self, PolicyCommand.self,
        ]),
      CommandGroup(
        name: "Administration",
        subcommands: [
          MigrateCommand.self, TokenCommand.self, VersionCommand.self, ReferenceCommand.self,
          RunnerCommand.self,
        ]),
    ])
}
