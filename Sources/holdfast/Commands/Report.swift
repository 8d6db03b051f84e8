import ArgumentParser
import CHoldfastSystem
import Glibc
import HoldfastCore

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Tell of a command, from inside it: how far it is, what it found, where to go on.",
    discussion: """
      For scripts that run under `holdfast run` or as a kind of holdfast.yaml. Elsewhere it does \
      nothing, and ends with 0, so that the script runs without Holdfast too.
      """,
    subcommands: [
      ReportProgressCommand.self, ReportStatusCommand.self, ReportCheckpointCommand.self,
      ReportItemCommand.self, ReportErrorCommand.self, ReportWaitingCommand.self,
      ReportAliveCommand.self,
    ])

  /// Sends one report to the runner of this command.
  static func send(_ text: String, _ program: Program) throws(CommandFailure) -> ExitStatus {
    guard let socket = program.environment["HOLDFAST_SOCKET"], !socket.isEmpty else {
      return .success
    }
    let bytes = Array(text.utf8)
    let code = bytes.withUnsafeBytes { hf_notify_send(socket, $0.baseAddress, $0.count) }
    guard code < 0 else { return .success }
    throw CommandFailure(
      .operatingSystem,
      "the report cannot be sent to “\(socket)”: \(String(cString: strerror(-code)))",
      detail: "HOLDFAST_SOCKET names the socket; a report may have 200 kB")
  }

  static func send(_ message: JSONValue, _ program: Program) throws(CommandFailure) -> ExitStatus {
    var text: [UInt8] = []
    message.write(to: &text)
    return try send(String(decoding: text, as: UTF8.self), program)
  }
}

struct ReportProgressCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "progress", abstract: "How much is done, and of how much.")

  @Argument(help: ArgumentHelp("How many are done.", valueName: "done"))
  var done: Int64

  @Argument(help: ArgumentHelp("How many there are, if that is known.", valueName: "total"))
  var total: Int64?

  @Option(name: .long, help: ArgumentHelp("What is counted.", valueName: "name"))
  var unit = "items"

  @Option(name: .long, help: ArgumentHelp("The phase that it is in.", valueName: "text"))
  var step = ""

  @Option(name: .long, help: ArgumentHelp("What it works on now.", valueName: "text"))
  var current: String?

  @Option(name: .long, help: ArgumentHelp("One sentence for people.", valueName: "text"))
  var message: String?

  func validate() throws {
    guard done >= 0 else { throw ValidationError("progress: \(done) is below 0") }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    var members: [String: JSONValue] = [
      "type": "progress", "done": .int(done), "unit": .string(unit), "step": .string(step),
    ]
    if let total { members["total"] = .int(total) }
    if let current { members["current"] = .string(current) }
    if let message { members["message"] = .string(message) }
    return try ReportCommand.send(.object(members), program)
  }
}

struct ReportStatusCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "One line on what it does now.")

  @Argument(help: ArgumentHelp("The line.", valueName: "text"))
  var text: String

  func execute(_ program: Program) async throws -> ExitStatus {
    try ReportCommand.send("STATUS=\(text.replacing("\n", with: " "))", program)
  }
}

struct ReportCheckpointCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "What a later attempt goes on from: it finds this as HOLDFAST_CHECKPOINT.")

  @Argument(help: ArgumentHelp("JSON, or a text.", valueName: "data"))
  var data: String

  func execute(_ program: Program) async throws -> ExitStatus {
    let json = JSONValue(parsing: data) ?? .string(data)
    return try ReportCommand.send(
      ["type": "checkpoint", "number": 1, "data": json], program)
  }
}

struct ReportItemCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "item", abstract: "Something that it found.")

  @Argument(help: ArgumentHelp("Unique in the scan: a path, a URL.", valueName: "key"))
  var key: String

  @Option(name: .long, help: ArgumentHelp("What it is.", valueName: "name"))
  var type = "item"

  @Option(name: .long, help: ArgumentHelp("Further facts, as JSON.", valueName: "json"))
  var data: String?

  func execute(_ program: Program) async throws -> ExitStatus {
    var item: [String: JSONValue] = [
      "key": .string(key), "type": .string(type), "change": "found",
    ]
    if let data {
      guard let json = JSONValue(parsing: data) else {
        throw CommandFailure(.usage, "--data: “\(data)” is not JSON")
      }
      item["data"] = json
    }
    return try ReportCommand.send(["type": "items", "items": [.object(item)]], program)
  }
}

struct ReportErrorCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "error", abstract: "Something that went wrong and does not end it.")

  @Argument(help: ArgumentHelp("What it concerns.", valueName: "path"))
  var path: String

  @Argument(help: ArgumentHelp("A stable name, such as not_found.", valueName: "type"))
  var type: String

  @Argument(help: ArgumentHelp("One sentence.", valueName: "message"))
  var message: String

  func execute(_ program: Program) async throws -> ExitStatus {
    let error: JSONValue = [
      "path": .string(path), "type": .string(type), "message": .string(message),
    ]
    return try ReportCommand.send(["type": "item_errors", "errors": [error]], program)
  }
}

struct ReportWaitingCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "waiting", abstract: "What it waits for, and how long at most; 0 seconds end it.")

  @Argument(help: ArgumentHelp("A rate limit, a lock, …", valueName: "what"))
  var what: String

  @Argument(help: ArgumentHelp("How long at most.", valueName: "seconds"))
  var seconds: Double

  func execute(_ program: Program) async throws -> ExitStatus {
    try ReportCommand.send(
      ["type": "waiting", "for": .string(what), "seconds": .double(max(0, seconds))], program)
  }
}

struct ReportAliveCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "alive", abstract: "A sign of life, without more.")

  func execute(_ program: Program) async throws -> ExitStatus {
    try ReportCommand.send("WATCHDOG=1", program)
  }
}
