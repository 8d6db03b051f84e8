import HoldfastCore
import HoldfastStorage

extension ScanView {
  /// A button with its question.
  struct Action: Sendable {
    /// Unique on the page.
    var id: String
    var name: String
    var label: String
    var href: String
    var style: String
    var confirmStyle: String
    var question: String
    var consequence: String
  }
}

extension ScanView.Action {
  init(_ action: OperatorAction, scan: Scan) {
    id = action.rawValue
    name = action.rawValue
    href = "/scans/\(scan.number)/\(action.rawValue)"
    style = action == .cancel ? "danger" : ""
    confirmStyle = action == .cancel ? "danger" : "primary"
    switch action {
    case .cancel:
      label = "Cancel scan"
      question = "Cancel scan #\(scan.number)?"
      consequence =
        "It ends here. What it found so far is kept, and it can be retried from its checkpoint."
    case .pause:
      label = "Pause"
      question = "Pause scan #\(scan.number)?"
      consequence = "It stops at its next checkpoint, and keeps its place until it is resumed."
    case .resume:
      label = "Resume"
      question = "Resume scan #\(scan.number)?"
      let back =
        scan.checkpoint == nil && scan.status == .running
        ? "It goes back into the queue, and starts over."
        : "It goes back into the queue, and on from its checkpoint."
      consequence = (scan.status == .running ? "Its process is ended first. " : "") + back
    case .retry:
      label = "Retry"
      question = "Retry scan #\(scan.number)?"
      consequence =
        scan.checkpoint == nil
        ? "It goes back into the queue under the same number, and starts over."
        : "It goes back into the queue under the same number, and on from its checkpoint."
    case .fail:
      label = "Mark as failed"
      question = "Mark scan #\(scan.number) as failed?"
      consequence = "It ends here, as failed. What it found so far is kept."
    case .requeue:
      label = "Start over"
      question = "Start scan #\(scan.number) over?"
      consequence = "It goes back into the queue, and begins from the beginning."
    case .revert:
      label = "Take the cleanup back"
      question = "Take back the cleanup of scan #\(scan.number)?"
      consequence = "It goes back into the queue as if it had not been failed."
    case .reset:
      label = "Reset"
      question = "Reset scan #\(scan.number)?"
      consequence = "It goes back to pending, and on from its checkpoint if it has one."
    }
  }

  /// The same on a page with many scans.
  func of(_ scan: Scan) -> ScanView.Action {
    var action = self
    action.id = "\(scan.number)-\(name)"
    return action
  }

  /// What can be done to a scan in its status, taken out of the lifecycle's table.
  ///
  /// - Parameter isStuck: whether supervision holds it for stuck; a running scan can be resumed only then.
  static func all(for scan: Scan, isStuck: Bool) -> [ScanView.Action] {
    let possible: [(OperatorAction, Lifecycle.Event)] = [
      (.pause, .pause), (.resume, .unpause), (.retry, .retry), (.cancel, .cancel),
    ]
    var actions: [ScanView.Action] = possible.compactMap { action, event in
      guard Lifecycle.status(after: event, from: scan.status) != nil else { return nil }
      return offered(action, scan)
    }
    actions.insert(
      contentsOf: remedies(for: scan, isStuck: isStuck), at: max(0, actions.count - 1))
    return scan.isCleaned ? [ScanView.Action(.revert, scan: scan)] + actions : actions
  }

  /// What an operator does to one that is stuck: its process is ended first.
  private static func remedies(for scan: Scan, isStuck: Bool) -> [ScanView.Action] {
    let possible: [OperatorAction] =
      switch scan.status {
      case .running: isStuck ? [.resume, .requeue, .fail] : [.requeue, .fail]
      case .pending: [.fail]
      case .paused, .completed, .partial, .failed, .cancelled: []
      }
    return possible.compactMap { offered($0, scan) }
  }

  /// `nil` for what has been asked for already.
  private static func offered(_ action: OperatorAction, _ scan: Scan) -> ScanView.Action? {
    scan.requestedAction?.rawValue == action.rawValue ? nil : ScanView.Action(action, scan: scan)
  }
}
