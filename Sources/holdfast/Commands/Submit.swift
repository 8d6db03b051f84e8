import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastStorage

struct SubmitCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Submit a scan of any kind, and return at once.",
    discussion: """
      With --if-safe it does what `holdfast check` says, in one transaction: it starts a scan, lets \
      an unfinished one of the same target go on, cleans a dead one and starts, or waits. Of two \
      such calls at the same time only one starts.

      Ends with 0 if a scan is in the queue for it, 75 if there is one to wait for.
      """)

  @OptionGroup var subject: ScanSubject

  @Option(
    name: .customLong("param"),
    help: ArgumentHelp(
      "A parameter of the scan, such as hash=true; can be given again. The value is JSON, or a text.",
      valueName: "name=value"))
  var params: [ParameterArgument] = []

  @Flag(name: .long, help: "Start only where `holdfast check` says so, else do what it says.")
  var ifSafe = false

  @OptionGroup var age: CheckAge
  @OptionGroup(title: "Submission") var submission: QueueOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    if age.ageHours != nil, !ifSafe {
      throw ValidationError("--age-hours belongs to --if-safe")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let members = Dictionary(params.map { ($0.name, $0.value) }) { _, last in last }
    let submitter = Submitter(
      program: program, options: SubmitManner(detach: true, queue: submission), json: output.json,
      composition: composition)
    guard ifSafe else {
      let (target, params) = try subject.canonical(params: .object(members))
      return try await submitter.submit(kind: subject.kind, target: target, params: params)
    }
    let request = try submitter.request(
      kind: subject.kind, target: try subject.canonical(params: .object(members)).target,
      params: .object(members))
    let store = try await composition.openForWork(connections: 2)
    let submission = try await askStore { () async throws(StoreError) in
      try await composition.desk(store.seen(by: .commandLine)).submitIfSafe(
        request, ageHours: age.ageHours, by: "cli")
    }
    await store.close()
    if submission.outcome == .existing,
      submission.scan.kind != request.kind || submission.scan.target != request.target
    {
      throw Submitter.keyUsedBefore(submission.scan)
    }
    return try tell(submission, program)
  }

  private func tell(
    _ submission: SafeSubmission, _ program: Program
  ) throws(CommandFailure) -> ExitStatus {
    if output.json {
      try program.printJSON(submission)
    } else {
      var text = submission.cleaned.map { "Scan \($0) was dead, and has been cleaned.\n" } ?? ""
      text += Self.words(submission)
      let reason = DisplayText.escaped(submission.check.reason)
      if submission.outcome != .started, submission.outcome != .existing { text += " \(reason)" }
      program.output.write(text + "\n")
    }
    switch submission.outcome {
    case .started, .existing, .resumed: return .success
    case .ordered, .waiting: return .notYet
    }
  }

  private static func words(_ submission: SafeSubmission) -> String {
    let scan = submission.scan.number
    return switch submission.outcome {
    case .started: "Scan \(scan) is submitted."
    case .existing: "Scan \(scan) was submitted before under this key."
    case .resumed: "resume: scan \(scan) is back in the queue."
    case .ordered: "\(submission.check.action): the worker of scan \(scan) ends its process first."
    case .waiting: "wait: nothing was submitted."
    }
  }
}

/// `name=value`, the value being JSON or else a text.
struct ParameterArgument: ExpressibleByArgument {
  let name: String
  let value: JSONValue

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    name = String(parts[0])
    value = JSONValue(parsing: parts[1]) ?? .string(String(parts[1]))
  }
}
