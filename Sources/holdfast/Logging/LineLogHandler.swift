import Glibc
import HoldfastCore
import Logging

/// Writes one line for each message: `TIME LEVEL LABEL MESSAGE KEY=VALUE…`, or one JSON object.
///
/// Secrets that the process knows of are masked, and data cannot break out of its line.
struct LineLogHandler: LogHandler {
  enum Style: Sendable {
    case text, json
  }

  let label: String
  let style: Style
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  /// Where lines go; a test takes them itself.
  var write: @Sendable (String) -> Void = { line in
    Terminal(descriptor: 2, isInteractive: false, columns: nil, noColour: true).write(line)
  }
  var now: @Sendable () -> Timestamp = { wallClock() }

  init(label: String, style: Style, logLevel: Logger.Level) {
    self.label = label
    self.style = style
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
    if let own = event.metadata { fields.merge(own) { _, new in new } }
    if let error = event.error { fields["error"] = "\(error)" }
    let pairs = fields.map { ($0.key, Redaction.scrubbed("\($0.value)")) }.sorted { $0.0 < $1.0 }
    let message = Redaction.scrubbed("\(event.message)")
    switch style {
    case .text: write(textLine(event.level, message, pairs))
    case .json: write(jsonLine(event.level, message, pairs))
    }
  }

  private func textLine(
    _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]
  ) -> String {
    let padded = DisplayText.padded(level.rawValue, to: 8)
    var line = "\(now()) \(padded) \(label): \(DisplayText.escaped(message))"
    for (key, value) in pairs {
      let escaped = DisplayText.escaped(value)
      let needsQuotes = escaped.isEmpty || escaped.contains { $0 == " " || $0 == "\"" }
      line +=
        " \(key)=" + (needsQuotes ? "\"\(escaped.replacing("\"", with: "\\\""))\"" : escaped)
    }
    return line + "\n"
  }

  private func jsonLine(
    _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]
  ) -> String {
    var members: [String: JSONValue] = [:]
    for (key, value) in pairs { members[key] = .string(value) }
    members["time"] = .string("\(now())")
    members["level"] = .string(level.rawValue)
    members["logger"] = .string(label)
    members["message"] = .string(message)
    do {
      return try JSONText.of(JSONValue.object(members), pretty: false) + "\n"
    } catch {
      return "{\"level\":\"error\",\"message\":\"a log line could not be written as JSON\"}\n"
    }
  }
}

/// Log lines carry this machine's clock; nothing compares them with the database's.
private func wallClock() -> Timestamp {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Timestamp(unixMilliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
}
