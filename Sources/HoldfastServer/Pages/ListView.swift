import HoldfastCore
import HoldfastStorage

/// What the list of scans shows.
struct ListView: PageView {
  var template: String { "list" }
  var frame: PageFrame
  var form: Form
  var last: LastScan?
  var lastGood: LastScan?
  var tabs: [Tab]
  var filters: Filters
  var columns: [Column]
  var rows: [Row]
  var hasRows: Bool
  var hasPaging: Bool
  var firstHref: String?
  var olderHref: String?
  var emptyTitle: String
  var emptyText: String
  /// What can be done to many; none for somebody who may not.
  var bulkActions: [Choice]
  var workers: [Worker]
  var hasWorkers: Bool

  /// The form of a new library scan. Its button is ready, or disabled while a scan of the folder in
  /// the field is active; validating is a state of the live page alone.
  struct Form: Sendable {
    var path: String
    var state: String
    var isDisabled: Bool
    var buttonText: String
    /// The folders of all active library scans, one a line.
    var activePaths: String
  }

  /// One value of a field with a fixed set of them.
  struct Choice: Sendable {
    var value: String
    var label: String
    var isChosen = false
  }

  /// The form that narrows the list.
  struct Filters: Sendable {
    var search: String
    var kinds: [Choice]
    var verdicts: [Choice]
    var tenants: [Choice]
    var hasTenants: Bool
    /// The only target that is shown; the form keeps it, and `anyTargetHref` drops it.
    var target: String?
    var anyTargetHref: String
    /// What the form keeps beside its own fields: the status and the order.
    var kept: [ListAddress.Field]
    /// All that narrows the list, for the form that acts on many.
    var all: [ListAddress.Field]
    var isNarrowed: Bool
    var noneHref: String
  }

  struct Column: Sendable {
    var label: String
    var style: String
    /// `nil` for one that nothing is ordered by.
    var href: String?
    /// `ascending`, `descending`, or `nil` where the rows are not ordered by it.
    var ariaSort: String?
    var arrow: String?
  }

  struct LastScan: Sendable {
    var number: Int64
    var href: String
    var status: ShownStatus
    var notice: String
    var date: ShownTime
    var added: String
    var updated: String
    var removed: String
    var errors: String
    var hasErrors: Bool
    var target: String
    var errorMessage: String?

    init(_ scan: Scan) {
      number = scan.number
      href = "/scans/\(scan.number)"
      status = ShownStatus(scan)
      notice = scan.notice ?? ""
      date = ShownTime(scan.endedAt ?? scan.updatedAt)
      added = Words.number(scan.counts.added)
      updated = Words.number(scan.counts.updated)
      removed = Words.number(scan.counts.removed)
      errors = Words.number(scan.counts.errors)
      hasErrors = scan.counts.errors > 0
      target = scan.target.visible
      errorMessage = scan.errorMessage?.visible
    }
  }

  struct Row: Sendable {
    var number: Int64
    var href: String
    var kind: String
    var target: String
    var tenant: String
    var status: ShownStatus
    var bar: ShownBar?
    /// How far it is; of a failed scan, why it failed.
    var progressText: String
    var isError: Bool
    var rate: String
    var created: ShownTime
    var age: String
    var ageSeconds: Int64

    init(_ scan: Scan, now: Timestamp, meters: RateMeters) {
      number = scan.number
      href = "/scans/\(scan.number)"
      kind = scan.kind.visible
      target = scan.target.visible
      tenant = scan.tenantID.visible
      status = ShownStatus(scan)
      bar = ShownBar(scan)
      let error = scan.status == .failed ? scan.errorMessage?.visible : nil
      isError = error != nil
      progressText =
        error ?? scan.progressText ?? (scan.status == .pending ? "waiting for a worker" : "–")
      rate = Words.rate(meters.presentRate(of: scan, now: now)) ?? "–"
      created = ShownTime(scan.createdAt)
      let seconds = now.seconds(since: scan.createdAt)
      age = Words.age(seconds)
      ageSeconds = Int64(max(0, seconds))
    }
  }

  struct Worker: Sendable {
    var name: String
    var status: String
    var text: String

    /// - Parameter running: how many scans it runs. Its own count is as old as its last heartbeat.
    init(_ worker: WorkerRecord, running: Int, now: Timestamp) {
      let silence = now.seconds(since: worker.lastHeartbeatAt)
      let isLate = worker.isSilent(for: silence)
      name = worker.name.visible
      status = isLate ? "late" : "on-time"
      text =
        "\(running) of \(Words.plural(Int64(worker.slots), "slot", "slots")) busy"
        + (isLate ? ", last heard \(Words.age(silence))" : "")
    }
  }
}

/// A filter of a list.
struct Tab: Sendable {
  var label: String
  var href: String
  var isCurrent: Bool
  var count: String?
}
