/// A program that a runner is to run as a scan, and what it may take.
package struct ProgramSpec: Sendable, Hashable {
  /// The program, looked up in `PATH` unless it holds a slash, and its arguments.
  package var command: [String]
  /// Where it starts; the runner's own folder where `nil`.
  package var folder: String?
  /// Variables on top of those that the runner has. They may be secrets: nothing logs or stores them.
  package var environment: [String: String]
  /// From its start to its end; `nil` for no limit of its own.
  package var timeoutSeconds: Double?
  /// From SIGTERM to SIGKILL.
  package var killAfterSeconds: Double
  /// Without output, progress, processor time, bytes or a sign of its own (`WATCHDOG=1`).
  package var stallSeconds: Double?
  /// Without output.
  package var noOutputSeconds: Double?

  /// How it tells of itself; `nil` for a program that may know nothing of Holdfast.
  package var speech: Speech?
  /// Why it cannot be run: a secret that is not there, say.
  package var problem: String?

  package static let defaultKillAfterSeconds = 10.0

  package enum Speech: String, Sendable, Hashable, Codable, CaseIterable {
    /// It speaks the runner protocol on its standard input and output.
    case ndjson
  }

  package struct Problem: Error, Sendable, Hashable {
    package var text: String
    package init(text: String) { self.text = text }
  }

  package init(
    command: [String], folder: String? = nil, environment: [String: String] = [:],
    timeoutSeconds: Double? = nil, killAfterSeconds: Double = Self.defaultKillAfterSeconds,
    stallSeconds: Double? = nil, noOutputSeconds: Double? = nil
  ) {
    self.command = command
    self.folder = folder
    self.environment = environment
    self.timeoutSeconds = timeoutSeconds
    self.killAfterSeconds = killAfterSeconds
    self.stallSeconds = stallSeconds
    self.noOutputSeconds = noOutputSeconds
  }

  /// `nil` where it names no command.
  package init?(json: JSONValue) {
    let command = (json["command"]?.arrayValue ?? []).compactMap(\.stringValue)
    guard !command.isEmpty else { return nil }
    self.init(
      command: command, folder: json["folder"]?.stringValue,
      environment: (json["environment"]?.objectValue ?? [:]).compactMapValues(\.stringValue),
      timeoutSeconds: json["timeout_seconds"]?.doubleValue,
      killAfterSeconds: json["kill_after_seconds"]?.doubleValue ?? Self.defaultKillAfterSeconds,
      stallSeconds: json["stall_seconds"]?.doubleValue,
      noOutputSeconds: json["no_output_seconds"]?.doubleValue)
    problem = json["problem"]?.stringValue
    if let name = json["protocol"]?.stringValue {
      speech = Speech(rawValue: name)
      if speech == nil { problem = problem ?? "this worker does not know the protocol “\(name)”" }
    }
  }
}

extension ProgramSpec: Codable {
  enum CodingKeys: String, CodingKey {
    case command, folder, environment, problem
    case timeoutSeconds = "timeout_seconds"
    case killAfterSeconds = "kill_after_seconds"
    case stallSeconds = "stall_seconds"
    case noOutputSeconds = "no_output_seconds"
    case speech = "protocol"
  }
}
