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
      CommandGroup(
        name: "Scanning",
        subcommands: [
          ScanCommand.self, RunCommand.self, ReportCommand.self, SubmitCommand.self,
          CheckCommand.self, FollowCommand.self, ScheduleCommand.self,
        ]),
      CommandGroup(
        name: "Reading",
        subcommands: [
          ListCommand.self, HistoryCommand.self, ShowCommand.self, EventsCommand.self,
          ErrorsCommand.self, ItemsCommand.self,
        ]),
      CommandGroup(
        name: "Acting",
        subcommands: [
          CancelCommand.self, FailCommand.self, RetryCommand.self, RequeueCommand.self,
          RevertCommand.self, PauseCommand.self, ResumeCommand.self, ResetCommand.self,
          DeleteCommand.self,
        ]),
      CommandGroup(
        name: "Supervision",
        subcommands: [
          WhyCommand.self, CleanupCommand.self, UnlockCommand.self, PolicyCommand.self,
        ]),
      CommandGroup(
        name: "Administration",
        subcommands: [
          MigrateCommand.self, TokenCommand.self, UserCommand.self, TenantCommand.self,
          AuditCommand.self, VersionCommand.self, ReferenceCommand.self, RunnerCommand.self,
        ]),
    ])
}
