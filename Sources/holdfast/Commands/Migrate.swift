import ArgumentParser
import HoldfastStorage

struct MigrateCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's schema up to date.",
    discussion: """
      `serve`, `worker` and `scan` do so by themselves. A database that a newer holdfast has \
      migrated is refused.
      """)

  @Flag(name: .long, help: "Print the statements that would run, and change nothing.")
  var dryRun = false

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let url = try composition.databaseURL()
    if !dryRun, composition.configuration.isDatabaseInDataDirectory {
      try composition.prepareDataDirectory()
    }
    if !dryRun, case .sqlite(let path) = url, let obstacle = DatabaseFile.obstacle(at: path) {
      throw obstacle
    }
    let steps = try await askStore { () async throws(StoreError) in
      try await SQLStore.migrate(url: url, dryRun: dryRun, logger: composition.logger)
    }
    if output.json {
      let result = MigrationResult(dryRun: dryRun, steps: steps)
      program.output.write(
        try JSONText.of(result, pretty: program.output.isInteractive) + "\n")
      return .success
    }
    program.output.write(Self.text(steps, dryRun: dryRun))
    return .success
  }

  static func text(_ steps: [MigrationStep], dryRun: Bool) -> String {
    guard !steps.isEmpty else { return "The schema is up to date.\n" }
    var lines: [String] = []
    for step in steps {
      lines.append("\(dryRun ? "Would apply" : "Applied") \(step.number): \(step.name)")
      guard dryRun else { continue }
      for statement in step.statements {
        lines += statement.split(separator: "\n").map { "    \($0)" }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What `holdfast migrate --json` prints.
struct MigrationResult: Codable, Hashable {
  var dryRun: Bool
  var steps: [MigrationStep]

  enum CodingKeys: String, CodingKey {
    case dryRun = "dry_run"
    case steps
  }
}
