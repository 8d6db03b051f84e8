import HoldfastCore

/// A line that the page or the browser wrote to the console.
package struct ConsoleMessage: Sendable, Hashable {
  /// `log`, `warning`, `error`, …
  package var level: String
  package var text: String
  package var url: String?
}

/// A request that the page made.
package struct PageRequest: Sendable, Hashable {
  package var id: String
  package var method: String
  package var url: String
  /// `Document`, `Script`, `EventSource`, …
  package var type: String
}

/// What a page has done since it was opened, built event by event. A value: it decides nothing and waits for nothing.
struct PageRecord: Sendable {
  /// A page that writes without end must not fill the memory; what is beyond is only counted.
  static let limit = 5000

  private(set) var console: [ConsoleMessage] = []
  private(set) var exceptions: [String] = []
  private(set) var requests: [PageRequest] = []
  private(set) var dialogs: [String] = []
  private(set) var dropped = 0
  /// Documents (by loader id) whose `load` event has fired; the newest few.
  private(set) var loaded: [String] = []
  /// HTTP status by loader id; the newest few.
  private(set) var statuses: [(loader: String, status: Int)] = []
  private(set) var end: BrowserError?

  mutating func end(with error: BrowserError) {
    if end == nil { end = error }
  }

  mutating func apply(_ event: BrowserEvent) {
    let params = event.params
    switch event.method {
    case "Runtime.consoleAPICalled":
      let words = (params["args"]?.arrayValue ?? []).map(Self.describe)
      add(
        ConsoleMessage(
          level: params["type"]?.stringValue ?? "log", text: words.joined(separator: " "),
          url: nil), to: \.console)
    case "Log.entryAdded":
      let entry = params["entry"]
      add(
        ConsoleMessage(
          level: entry?["level"]?.stringValue ?? "info",
          text: entry?["text"]?.stringValue ?? "", url: entry?["url"]?.stringValue),
        to: \.console)
    case "Runtime.exceptionThrown":
      add(Self.describe(exception: params["exceptionDetails"]), to: \.exceptions)
    case "Network.requestWillBeSent":
      let request = params["request"]
      add(
        PageRequest(
          id: params["requestId"]?.stringValue ?? "",
          method: request?["method"]?.stringValue ?? "",
          url: request?["url"]?.stringValue ?? "", type: params["type"]?.stringValue ?? ""),
        to: \.requests)
    case "Network.responseReceived":
      guard params["type"]?.stringValue == "Document",
        let loader = params["loaderId"]?.stringValue,
        let status = params["response"]?["status"]?.intValue
      else { return }
      statuses = statuses.suffix(15) + [(loader, Int(status))]
    case "Page.lifecycleEvent":
      guard params["name"]?.stringValue == "load", let loader = params["loaderId"]?.stringValue
      else { return }
      loaded = loaded.suffix(15) + [loader]
    case "Page.javascriptDialogOpening":
      add(params["message"]?.stringValue ?? "", to: \.dialogs)
    case "Inspector.targetCrashed": end(with: .pageCrashed)
    case "Inspector.detached": end(with: .pageClosed)
    default: break
    }
  }

  private mutating func add<Entry>(
    _ entry: Entry, to list: WritableKeyPath<PageRecord, [Entry]>
  ) {
    if self[keyPath: list].count < Self.limit {
      self[keyPath: list].append(entry)
    } else {
      dropped += 1
    }
  }

  /// An exception's own description where it has one, which is its message with the stack.
  static func describe(exception details: JSONValue?) -> String {
    details?["exception"]?["description"]?.stringValue
      ?? details?["exception"]?["value"]?.stringValue
      ?? details?["text"]?.stringValue ?? "unknown exception"
  }

  private static func describe(_ argument: JSONValue) -> String {
    switch argument["value"] {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    case .bool(let flag): String(flag)
    default: argument["description"]?.stringValue ?? argument["type"]?.stringValue ?? ""
    }
  }
}
