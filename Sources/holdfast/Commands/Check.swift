import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

struct CheckCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say whether a scan of a target can start: start, resume, cleanup or wait.",
    discussion: """
      Answers from the active scan of the same scope, if there is one, and changes nothing. A stuck \
      scan with a checkpoint or with progress is to be resumed; one that left nothing is to be \
      cleaned once it is old enough. `holdfast submit --if-safe` does what this says.
      """)

  @OptionGroup var subject: ScanSubject
  @OptionGroup var age: CheckAge
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let target = try subject.target(in: composition.configuration.kinds)
    let store = try await composition.openExisting()
    let check = try await askStore { () async throws(StoreError) in
      try await composition.desk(store).check(
        kind: subject.kind, target: target, ageHours: age.ageHours)
    }
    await store.close()
    if output.json {
      try program.printJSON(check)
    } else {
      program.output.write("\(check.action.rawValue): \(DisplayText.escaped(check.reason))\n")
    }
    return .success
  }
}

/// A kind and a target, as `check` and `submit` take them.
struct ScanSubject: ParsableArguments {
  @Argument(help: ArgumentHelp("The kind of scan, such as library.", valueName: "kind"))
  var kind: String

  @Argument(help: ArgumentHelp("What would be scanned, as the scan names it.", valueName: "target"))
  var target: String

  /// The target in its canonical form.
  func target(in kinds: KindBook) throws(CommandFailure) -> String {
    let path =
      kind == "library"
      ? ScanLibraryCommand.absolute(target, in: ProcessEnvironment.workingDirectory) : target
    do {
      return try kinds.canonicalTarget(kind: kind, path)
    } catch {
      throw CommandFailure(.usage, "\(error)")
    }
  }

  /// Both in their canonical form, so that the same thing is always the same scope. Kinds that this program has no scanner for are
  /// taken as they are: another one may have submitted them.
  func canonical(
    params: JSONValue
  ) throws(CommandFailure) -> (target: String, params: JSONValue) {
    guard KindCatalog.builtIn.contains(kind) else { return (target, params) }
    let path =
      kind == "library"
      ? ScanLibraryCommand.absolute(target, in: ProcessEnvironment.workingDirectory) : target
    do {
      return try KindCatalog.validate(kind: kind, target: path, params: params)
    } catch {
      throw CommandFailure(.usage, "\(error)")
    }
  }
}

struct CheckAge: ParsableArguments {
  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp(
      "How old a dead scan must be before it is cleaned. (default: the policy's check_age_hours, 24)",
      valueName: "hours"),
    transform: OptionText.ageHours)
  var ageHours: Double?
}
