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
  var notice: String?
  var request: String?
  var doubt: String?
  var held: HeldView?
  var diagnosis: DiagnosisView?
  var isSupervised: Bool
  var whyHref: String?
  var waitingFor: String?
  var bar: ShownBar?
  var measures: [Fact]
  var clocks: [Clock]
  /// At the present rate.
  var expectedEnd: ShownTime?
  var current: String?
  var message: String?
  var counters: [Counter]
  var errors: Errors
  var results: Results
  var attempts: [AttemptRow]
  var hasAttempts: Bool
  var timeline: [TimelineEntry]
  var timelineMore: String?
  var timelineFirst: String?
  var eventsHref: String
  var facts: [Fact]
  var params: String?
  var checkpoint: String?
  var jsonHref: String
  /// The list of this target's scans.
  var targetHref: String

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
}

extension Scan {
  /// Whether the last verdict on it is that it is stuck.
  var isHeldStuck: Bool {
    verdict?["verdict"]?.stringValue.flatMap(Verdict.Kind.init).map(ScanDoubt.stuck.contains)
      ?? false
  }
}
