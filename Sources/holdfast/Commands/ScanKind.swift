import ArgumentParser
import HoldfastCore

/// `holdfast scan NAME TARGET`, for kinds that `holdfast.yaml` declares.
struct ScanKindCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "kind",
    abstract: "Scan with a kind of your own; its name may stand in place of “kind”.",
    discussion: """
      Kinds of your own are declared under “kinds” in holdfast.yaml: `holdfast scan tenders north` \
      runs the program of the kind “tenders” for the target “north”. It is followed, and ends, as any \
      scan.
      """)

  @Argument(help: ArgumentHelp("The kind, as holdfast.yaml names it.", valueName: "name"))
  var kind: String

  @Argument(help: ArgumentHelp("What the program is run for.", valueName: "target"))
  var target: String

  @Option(
    name: .customLong("param"),
    help: ArgumentHelp(
      "A parameter of the kind, such as pages=10; can be given again. The value is JSON, or a text.",
      valueName: "name=value"))
  var params: [ParameterArgument] = []

  @OptionGroup(title: "Submission") var submission: SubmitOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database, flags: log.flags)
    let submitter = Submitter(
      program: program, options: submission.manner, json: output.json, composition: composition)
    let members = Dictionary(params.map { ($0.name, $0.value) }) { _, last in last }
    return try await submitter.submit(kind: kind, target: target, params: .object(members))
  }
}
