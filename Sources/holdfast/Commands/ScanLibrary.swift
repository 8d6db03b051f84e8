import ArgumentParser
import HoldfastCore

struct ScanLibraryCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "library",
    abstract: "Scan a folder of files and compare it with its last scan.",
    discussion: """
      Follows the scan until it ends: with a progress bar on a terminal, with plain lines elsewhere, \
      on standard error. Where no worker is running, this command runs the scan itself. Ctrl-C asks \
      whether to cancel the scan or to leave it; elsewhere than on a terminal, a signal leaves it.

      Ends with 0 if the scan completed, 2 with errors of single files, 1 if it failed, 3 if it was \
      cancelled, 75 if it has not ended.
      """)

  @Argument(
    help: ArgumentHelp("The folder: root / category / course / files.", valueName: "path"),
    completion: .directory)
  var path: String

  @OptionGroup(title: "Library") var library: LibraryOptions
  @OptionGroup(title: "Submission") var submission: SubmitOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database, flags: log.flags)
    let submitter = Submitter(
      program: program, options: submission.manner, json: output.json, composition: composition)
    return try await submitter.submit(
      kind: "library", target: Self.absolute(path, in: ProcessEnvironment.workingDirectory),
      params: library.params)
  }

  static func absolute(_ path: String, in folder: String) -> String {
    path.isEmpty || path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }
}

/// What a library scan can be told.
struct LibraryOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only these endings are allowed, separated by commas; other files are errors.",
      valueName: "mp4,pdf"))
  var allowedExtensions: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Larger files are errors: bytes, or with a unit as in 5GB or 10MiB.", valueName: "size"))
  var maxSize: ByteSize?

  @Flag(name: .long, help: "Follow links that stay inside the folder.")
  var followLinks = false

  @Flag(name: .long, help: "Read and hash every file's contents.")
  var hash = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Pass over what matches, such as *.tmp or drafts/*; can be given again.",
      valueName: "pattern"))
  var exclude: [String] = []

  @Flag(name: .long, help: "Allow more than half of the library to disappear.")
  var allowRemoval = false

  /// The scan's parameters, as the API takes them.
  var params: JSONValue {
    var members: [String: JSONValue] = [:]
    if let allowedExtensions {
      let names = allowedExtensions.split(separator: ",", omittingEmptySubsequences: false)
      members["allowed_extensions"] = .array(names.map { .string(String($0).trimmingBlanks()) })
    }
    if let maxSize { members["max_size_bytes"] = .int(maxSize.bytes) }
    if followLinks { members["follow_links"] = true }
    if hash { members["hash"] = true }
    if !exclude.isEmpty { members["exclude"] = .array(exclude.map(JSONValue.string)) }
    if allowRemoval { members["allow_removal"] = true }
    return .object(members)
  }
}

extension ByteSize: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
