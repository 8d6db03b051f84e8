import Logging
import Synchronization

/// Keeps every line that is logged, whatever its level, for tests of what must not be in one.
final class LogBook: Sendable {
  private let kept = Mutex<[String]>([])

  var text: String { kept.withLock { $0.joined(separator: "\n") } }

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(book: self) }
    logger.logLevel = .trace
    return logger
  }

  private struct Handler: LogHandler {
    let book: LogBook
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { $1 }
      book.kept.withLock { $0.append("\(event.level) \(event.message) \(all)") }
    }
  }
}
