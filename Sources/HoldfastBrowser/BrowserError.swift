/// What can go wrong between Holdfast and a browser.
package enum BrowserError: Error, Sendable, Hashable {
  /// No Chromium was found; the places looked at.
  case notInstalled(searched: [String])
  /// The process could not be started, or did not answer its first command.
  case cannotStart(String)
  /// The browser's process is gone: how it ended, and the last lines it wrote.
  case ended(String)
  /// The page's renderer is gone; other pages of the browser may live on.
  case pageCrashed
  case pageClosed
  case timedOut(what: String, seconds: Double)
  /// The browser answered a command with an error.
  case refused(method: String, message: String)
  case navigationFailed(url: String, why: String)
  /// A script evaluated in the page threw.
  case scriptFailed(String)
  case elementNotFound(selector: String)
  /// The browser's answer lacks what the protocol promises.
  case unexpectedAnswer(method: String)
  /// The task that waited was cancelled.
  case cancelled

  /// Whether the browser itself is of no further use, as against one page or one command.
  package var isFatal: Bool {
    switch self {
    case .notInstalled, .cannotStart, .ended: true
    default: false
    }
  }
}

extension BrowserError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notInstalled(let searched):
      "no Chromium found (\(searched.joined(separator: ", "))): install the package chromium"
    case .cannotStart(let why): "the browser could not be started: \(why)"
    case .ended(let how): "the browser ended: \(how)"
    case .pageCrashed: "the page crashed"
    case .pageClosed: "the page is closed"
    case .timedOut(let what, let seconds): "\(what) took longer than \(seconds) s"
    case .refused(let method, let message): "the browser refused \(method): \(message)"
    case .navigationFailed(let url, let why): "\(url) could not be opened: \(why)"
    case .scriptFailed(let why): "a script in the page failed: \(why)"
    case .elementNotFound(let selector): "the page shows no element “\(selector)”"
    case .unexpectedAnswer(let method): "the browser's answer to \(method) is incomplete"
    case .cancelled: "cancelled"
    }
  }
}
