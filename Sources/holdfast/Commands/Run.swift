import ArgumentParser
import Glibc
import HoldfastCore

struct RunCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a command under supervision.",
    discussion: """
      For a line of a crontab, or any command that must not get stuck: it runs here, with this \
      terminal, folder and environment, and as a scan of the kind “command”, with the history, \
      pages and diagnoses of any scan. No server is needed. Signals are passed on to it, and all \
      that it started is ended with it.

      Ends with the command's own status, or 128 and the number of the signal that ended it; with \
      124 where a limit ended it (137 if it had to be killed), 126 where it cannot be run, 127 where \
      there is none, 125 where holdfast itself fails, and 75 where a command of this name runs \
      already.

      The command line is kept with the scan, secrets in it masked as far as they can be recognised: \
      a password belongs in the environment or in a file.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What it is called; of one name, one runs at a time. (default: the command line)",
      valueName: "name"))
  var name: String?

  @Option(
    name: .long,
    help: ArgumentHelp("How long it may take: 90, 30m, 1h30m.", valueName: "span"))
  var timeout: TimeSpan?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long it has between SIGTERM and SIGKILL. (default: 10s)", valueName: "span"))
  var killAfter: TimeSpan?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long it may do nothing: no output, no progress, no processor time, no bytes.",
      valueName: "span"))
  var stall: TimeSpan?

  @Option(
    name: .long,
    help: ArgumentHelp("How long it may write nothing.", valueName: "span"))
  var noOutput: TimeSpan?

  @Flag(
    name: .long,
    help: """
      It can go on from where it stopped: run it again where its runner died, and go on with an \
      unfinished run of this name.
      """)
  var resume = false

  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("-- and the command with its arguments.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    // All that follows the options is the command's own, so that help has to be asked for here.
    if let first = command.first, ["--help", "-h", "-help"].contains(first) {
      throw CleanExit.helpRequest(Self.self)
    }
    if let first = command.first, first.hasPrefix("-"), first != "--" {
      throw ValidationError("there is no option “\(first)”; a command comes after --")
    }
    guard arguments.first?.isEmpty == false else {
      throw ValidationError("there is no command; it comes after --, as in `holdfast run -- make`")
    }
    if let name, name.isEmpty || name.utf8.count > 500 || name.utf8.contains(where: { $0 < 0x20 }) {
      throw ValidationError(
        "--name: it must be a text of 1 to 500 bytes without control characters")
    }
  }

  private var arguments: [String] {
    command.first == "--" ? Array(command.dropFirst()) : command
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database, flags: log.flags)
    let spec = ProgramSpec(
      command: arguments, folder: ProcessEnvironment.workingDirectory,
      timeoutSeconds: timeout?.seconds,
      killAfterSeconds: killAfter?.seconds ?? ProgramSpec.defaultKillAfterSeconds,
      stallSeconds: stall?.seconds, noOutputSeconds: noOutput?.seconds)
    let run = SupervisedRun(
      spec, name: name, isResumable: resume, composition: composition, program: program)
    let status = try await run.run()
    // The command's status is none of this program's own.
    Glibc.exit(Int32(clamping: status))
  }
}

/// A length of time as people write it: `90`, `1.5h`, `30m`, `1h30m`, `250ms`.
struct TimeSpan: ExpressibleByArgument, Sendable, Hashable {
  let seconds: Double

  init?(argument: String) {
    guard let seconds = TimeSpanText.seconds(argument) else { return nil }
    self.seconds = seconds
  }
}
