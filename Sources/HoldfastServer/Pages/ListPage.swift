import HoldfastCore
import HoldfastStorage
import Hummingbird

/// What the list of scans shows.
struct ListView: PageView {
  var template: String { "list" }
  var frame: PageFrame
  var form: Form
  var last: LastScan?
  var lastGood: LastScan?
  var tabs: [Tab]
  var rows: [Row]
  var hasRows: Bool
  var hasPaging: Bool
  var firstHref: String?
  var olderHref: String?
  var emptyTitle: String
  var emptyText: String
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
    var status: ShownStatus
    var bar: ShownBar?
    var progressText: String
    var rate: String
    var created: ShownTime
    var age: String
    var ageSeconds: Int64

    init(_ scan: Scan, now: Timestamp, meters: RateMeters) {
      number = scan.number
      href = "/scans/\(scan.number)"
      kind = scan.kind.visible
      target = scan.target.visible
      status = ShownStatus(scan)
      bar = ShownBar(scan)
      progressText = scan.progressText ?? (scan.status == .pending ? "waiting for a worker" : "–")
      rate = Words.rate(meters.rate(of: scan)) ?? "–"
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
      let isLate = silence > 3 * worker.heartbeatIntervalSeconds
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

/// `GET /`: the scans, newest first, and the form of a new one.
struct ListPage: Sendable {
  let store: any ScanStore
  let hub: EventHub

  private static let rowsPerPage = 25

  func view(_ request: Request, frame: (String, String?) -> PageFrame) async throws -> ListView {
    let query = try Query(request)
    let statuses = try query.statuses()
    let cursor = try query.cursor
    let library = LibraryScans(store: store)
    let page = try await store.scans(
      ScanFilter(statuses: statuses), cursor: cursor, limit: Self.rowsPerPage)
    let active = try await library.active()
    let last = try await library.last()
    let now = try await store.now()
    let workers = try await store.workers().filter { $0.isHere(now: now) }
    let running = try await store.scans(
      ScanFilter(statuses: [.running]), cursor: nil, limit: 500
    ).items
    let status = statuses.count == 1 ? statuses.first : nil
    let older = page.nextCursor.map { address(status: status, cursor: $0) }
    return ListView(
      frame: frame("Scans", "/api/v1/events"),
      form: Self.form(active: active, last: last),
      last: last.map(ListView.LastScan.init), lastGood: try await lastGood(library, after: last),
      tabs: Self.tabs(try await store.statusCounts(), current: status),
      rows: page.items.map { ListView.Row($0, now: now, meters: hub.meters) },
      hasRows: !page.items.isEmpty, hasPaging: older != nil || cursor != nil,
      firstHref: cursor == nil ? nil : address(status: status, cursor: nil), olderHref: older,
      emptyTitle: status.map { "No scan is \($0.rawValue)" } ?? "No scans yet",
      emptyText: status == nil
        ? "Name a folder above, or run “holdfast scan library PATH”."
        : "Other filters may show some.",
      workers: workers.map { worker in
        ListView.Worker(
          worker, running: running.count { $0.workerID == worker.id }, now: now)
      }, hasWorkers: !workers.isEmpty)
  }

  /// After a failure, the last success stays in view.
  private func lastGood(
    _ library: LibraryScans, after last: Scan?
  ) async throws(StoreError) -> ListView.LastScan? {
    guard let last, last.status == .failed || last.status == .cancelled else { return nil }
    return try await library.last([.completed, .partial]).map(ListView.LastScan.init)
  }

  private static func form(active: [Scan], last: Scan?) -> ListView.Form {
    // A field of one line cannot hold every name that a folder can have.
    let targets = active.map(\.target).filter { $0.visible == $0 }
    let path = (targets + [last?.target].compactMap { $0 }).first { $0.visible == $0 } ?? ""
    let isDisabled = targets.contains(path)
    return ListView.Form(
      path: path, state: isDisabled ? "disabled" : "ready", isDisabled: isDisabled,
      buttonText: isDisabled ? "Scan in progress" : "Start scan",
      activePaths: targets.joined(separator: "\n"))
  }

  private static func tabs(_ counts: [ScanStatus: Int64], current: ScanStatus?) -> [Tab] {
    let all = Tab(
      label: "All", href: "/", isCurrent: current == nil,
      count: Words.number(counts.values.reduce(0, +)))
    let order: [ScanStatus] = [
      .running, .pending, .paused, .completed, .partial, .failed, .cancelled,
    ]
    return [all]
      + order.map { status in
        Tab(
          label: status.label, href: "/?status=\(status.rawValue)", isCurrent: status == current,
          count: counts[status].flatMap { $0 > 0 ? Words.number($0) : nil })
      }
  }

  private func address(status: ScanStatus?, cursor: String?) -> String {
    let parts =
      [
        status.map { "status=\($0.rawValue)" },
        cursor.map { "cursor=\(LocalPath.encoded($0))" },
      ].compactMap { $0 }
    return parts.isEmpty ? "/" : "/?" + parts.joined(separator: "&")
  }
}

extension WorkerRecord {
  /// Whether the worker lives, or has died so lately that an operator should see it.
  func isHere(now: Timestamp) -> Bool {
    guard status != "retired", status != "stopped", status != "ended" else { return false }
    return now.seconds(since: lastHeartbeatAt) < 20 * heartbeatIntervalSeconds
  }
}
