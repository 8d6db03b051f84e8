import Logging

/// Sends everything that is logged to standard error, by one handler.
enum LogSetup {
  static func logger(level: Logger.Level, format: String) -> Logger {
    let style: LineLogHandler.Style = format == "json" ? .json : .text
    return Logger(label: "holdfast") { label in
      LineLogHandler(label: label, style: style, logLevel: level)
    }
  }
}
