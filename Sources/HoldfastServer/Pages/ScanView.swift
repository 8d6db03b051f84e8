import HoldfastCore
import HoldfastStorage

/// What the page of one scan shows.
struct ScanView: PageView {
  var template: String { "scan" }
  var frame: PageFrame
  var number: Int64
  var kind: String
  var target: String
  var status: ShownStatus
  var announcement: String
  var attemptText: String
  var createdBy: String?
  var created: ShownTime
  var age: String
  var ageSeconds: Int64
  var actions: [Action]
  var hasActions: Bool
  var csrfToken: String
  var notice: String?
  var request: String?
  var doubt: String?
  var waitingFor: String?
  var bar: ShownBar?
  var measures: [Fact]
  var clocks: [Clock]
  var current: String?
  var message: String?
  var counters: [Counter]
  var errors: Errors
  var results: Results
  var timeline: [TimelineEntry]
  var timelineMore: String?
  var facts: [Fact]
  var params: String?
  var checkpoint: String?
  var jsonHref: String

  struct Fact: Sendable {
    var label: String
    var value: String
  }

  /// How long ago something was, counted on by the page.
  struct Clock: Sendable {
    var label: String
    var at: ShownTime
    var age: String
    var seconds: Int64

    init(_ label: String, _ time: Timestamp, now: Timestamp) {
      self.label = label
      at = ShownTime(time)
      let elapsed = now.seconds(since: time)
      age = Words.age(elapsed)
      seconds = Int64(max(0, elapsed))
    }
  }

  struct Counter: Sendable {
    /// The style: the change, or `none` for a zero.
    var name: String
    var label: String
    var value: String

    init(_ name: String, _ label: String, _ value: Int64) {
      self.name = value == 0 ? "none" : name
      self.label = label
      self.value = Words.number(value)
    }
  }

  struct Errors: Sendable {
    var total: String
    var rows: [Row]
    var hasRows: Bool
    var nextHref: String?

    struct Row: Sendable {
      var path: String
      var type: String
      var message: String
    }
  }

  struct Results: Sendable {
    var tabs: [Tab]
    var rows: [Row]
    var hasRows: Bool
    var nextHref: String?
    var emptyText: String

    struct Row: Sendable {
      var key: String
      var change: String
      var facts: String
    }
  }

  /// A button with its question.
  struct Action: Sendable {
    var name: String
    var label: String
    var href: String
    var style: String
    var confirmStyle: String
    var question: String
    var consequence: String

    init(_ action: OperatorAction, scan: Scan) {
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
        consequence = "It goes back into the queue, and on from its checkpoint."
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

    /// What can be done to a scan in its status, taken out of the lifecycle's table.
    static func all(for scan: Scan) -> [Action] {
      let possible: [(OperatorAction, Lifecycle.Event)] = [
        (.pause, .pause), (.resume, .unpause), (.retry, .retry), (.cancel, .cancel),
      ]
      var actions: [Action] = possible.compactMap { action, event in
        guard Lifecycle.status(after: event, from: scan.status) != nil else { return nil }
        return offered(action, scan)
      }
      actions.insert(contentsOf: remedies(for: scan), at: max(0, actions.count - 1))
      return scan.isCleaned ? [Action(.revert, scan: scan)] + actions : actions
    }

    /// What an operator does to one that is stuck: its process is ended first.
    static func remedies(for scan: Scan) -> [Action] {
      let possible: [OperatorAction] =
        switch scan.status {
        case .running: [.requeue, .fail]
        case .pending: [.fail]
        case .paused, .completed, .partial, .failed, .cancelled: []
        }
      return possible.compactMap { offered($0, scan) }
    }

    /// `nil` for what has been asked for already.
    private static func offered(_ action: OperatorAction, _ scan: Scan) -> Action? {
      scan.requestedAction?.rawValue == action.rawValue ? nil : Action(action, scan: scan)
    }
  }
}
