import ArgumentParser
import HoldfastCore

/// The command line as a whole: parses, runs the command, and tells why it failed.
struct Program: Sendable {
  let environment: [String: String]
  let output: Terminal
  let errors: Terminal

  init(environment: [String: String]) {
    self.environment = environment
    output = Terminal(descriptor: 1, environment: environment)
    errors = Terminal(descriptor: 2, environment: environment)
  }

  func run(_ arguments: [String]) async -> ExitStatus {
    let status = await runCommand(arguments)
    // Whoever calls a command through `run` must be able to tell its statuses from Holdfast's.
    guard arguments.first == "run", status != .success, status != .notYet else { return status }
    return .runFailed
  }

  private func runCommand(_ arguments: [String]) async -> ExitStatus {
    var wantsJSON = arguments.prefix { $0 != "--" }.contains("--json")
    do {
      let command = try Self.command(arguments)
      guard let command = command as? any HoldfastSubcommand else {
        var command = command
        try command.run()
        return .success
      }
      wantsJSON = command.wantsJSON
      return try await command.execute(self)
    } catch let failure as CommandFailure {
      return report(failure, asJSON: wantsJSON)
    } catch let error as ConfigurationError {
      return report(CommandFailure(error.exitStatus, "\(error)"), asJSON: wantsJSON)
    } catch {
      if let unknown = unknownCommand(arguments) { return report(unknown, asJSON: wantsJSON) }
      return reportParsing(error, asJSON: wantsJSON)
    }
  }

  /// Reads a command line. To read it as the command's that is named first takes a third of the time, since the parser looks at no other
  /// command. What is wrong with it, and help, is told by all of them.
  private static func command(_ arguments: [String]) throws -> any ParsableCommand {
    let commands = HoldfastCommand.configuration.groupedSubcommands.flatMap(\.subcommands)
    if let name = arguments.first,
      let named = commands.first(where: { $0.configuration.commandName == name }),
      let command = try? named.parseAsRoot(Array(arguments.dropFirst())),
      command is any HoldfastSubcommand
    {
      return command
    }
    return try HoldfastCommand.parseAsRoot(arguments)
  }

  /// ArgumentParser calls a mistyped command an unexpected argument; this says what was probably
  /// meant.
  private func unknownCommand(_ arguments: [String]) -> CommandFailure? {
    guard let first = arguments.first, !first.hasPrefix("-") else { return nil }
    let commands = HoldfastCommand.configuration.subcommands
    guard first != "help", !commands.contains(where: { $0._commandName == first }) else {
      return nil
    }
    let names = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
    let nearest = NearestName.of(first, among: names)
    return CommandFailure(
      .usage,
      "there is no command “\(first)”"
        + (nearest.map { "; did you mean “\($0)”?" } ?? ""),
      detail: "`holdfast --help` lists them")
  }

  func report(_ failure: CommandFailure, asJSON: Bool) -> ExitStatus {
    var failure = failure
    failure.title = Redaction.scrubbed(failure.title)
    failure.detail = failure.detail.map(Redaction.scrubbed)
    if asJSON, let json = try? JSONText.of(failure, pretty: false) {
      // A failure holds two texts and a number: its encoding cannot fail, and if it did, the text
      // below says the same.
      errors.write(json + "\n")
      return failure.status
    }
    let lines = failure.title.split(separator: "\n").map { DisplayText.escaped($0) }
    errors.write(errors.style("holdfast:", .red) + " " + lines.joined(separator: "\n  ") + "\n")
    if let detail = failure.detail { errors.write(DisplayText.escaped(detail) + "\n") }
    return failure.status
  }

  /// Help, versions and completion scripts arrive as errors too: they go to standard output and are
  /// no failure.
  private func reportParsing(_ error: any Error, asJSON: Bool) -> ExitStatus {
    let code = HoldfastCommand.exitCode(for: error)
    if code == .success {
      output.write(HoldfastCommand.fullMessage(for: error, columns: helpColumns) + "\n")
      return .success
    }
    let status: ExitStatus = code == .validationFailure ? .usage : .internalError
    if asJSON {
      return report(CommandFailure(status, HoldfastCommand.message(for: error)), asJSON: true)
    }
    errors.write(HoldfastCommand.fullMessage(for: error, columns: helpColumns) + "\n")
    return status
  }

  /// Help is read, not computed with: on a wide screen its lines stay short enough to be read.
  private var helpColumns: Int { min(output.columns ?? 80, 100) }
}

/// A command of this program.
protocol HoldfastSubcommand: AsyncParsableCommand {
  /// Whether failures are told as JSON.
  var wantsJSON: Bool { get }
  func execute(_ program: Program) async throws -> ExitStatus
}

extension HoldfastSubcommand {
  var wantsJSON: Bool { false }
}
