import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /`: the scans under filters and in an order of the reader's choice, and the form of a new one.
struct ListPage: Sendable {
  let store: any ScanStore & AccessStore & RunningStore
  let hub: EventHub
  let kinds: KindBook

  private static let rowsPerPage = 25

  func view(
    _ request: Request, _ context: ServerContext, frame: (String, String?) -> PageFrame
  ) async throws -> ListView {
    let address = try ListAddress(try Query(request))
    let library = LibraryScans(store: store)
    let page = try await store.scans(
      address.filter, order: address.order, cursor: address.cursor, limit: Self.rowsPerPage)
    let active = try await library.active()
    let last = try await library.last()
    let now = try await store.now()
    let workers = try await LiveWorker.all(in: store, now: now)
    let older = page.nextCursor.map { next in address.with { $0.cursor = next }.href }
    let tenants =
      context.caller.scope == .all ? try await store.tenants().map(\.name) : []
    return ListView(
      frame: frame("Scans", "/api/v1/events"),
      form: Self.form(active: active, last: last),
      last: last.map(ListView.LastScan.init), lastGood: try await lastGood(library, after: last),
      tabs: Self.tabs(try await store.statusCounts(), address),
      filters: filters(address, tenants: tenants), columns: Self.columns(address),
      rows: page.items.map { ListView.Row($0, now: now, meters: hub.meters) },
      hasRows: !page.items.isEmpty, hasPaging: older != nil || address.cursor != nil,
      firstHref: address.cursor == nil ? nil : address.with { _ in }.href, olderHref: older,
      emptyTitle: Self.emptyTitle(address),
      emptyText: address.isNarrowed || !address.statuses.isEmpty
        ? "Other filters may show some."
        : "Name a folder above, or run “holdfast scan library PATH”.",
      bulkActions: context.may(.operator) ? BulkPages.choices : [],
      workers: workers.map(\.shown), hasWorkers: !workers.isEmpty)
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

  private static func emptyTitle(_ address: ListAddress) -> String {
    if address.isNarrowed { return "No scan matches" }
    return address.status.map { "No scan is \($0.rawValue)" }
      ?? (address.statuses.isEmpty ? "No scans yet" : "No scan matches")
  }

  // MARK: Filters

  /// The counts are those of all scans: how many a search finds is only known at its end.
  private static func tabs(_ counts: [ScanStatus: Int64], _ address: ListAddress) -> [Tab] {
    let all = Tab(
      label: "All", href: address.with { $0.statuses = [] }.href,
      isCurrent: address.statuses.isEmpty,
      count: Words.number(counts.values.reduce(0, +)))
    let order: [ScanStatus] = [
      .running, .pending, .paused, .completed, .partial, .failed, .cancelled,
    ]
    return [all]
      + order.map { status in
        Tab(
          label: status.label, href: address.with { $0.statuses = [status] }.href,
          isCurrent: status == address.status,
          count: counts[status].flatMap { $0 > 0 ? Words.number($0) : nil })
      }
  }

  private func filters(_ address: ListAddress, tenants: [String]) -> ListView.Filters {
    func choices(_ values: [String], _ chosen: String?, any: String) -> [ListView.Choice] {
      // What an address asks for is shown as chosen even where it is none of those known.
      let unknown = [chosen].compactMap { $0 }.filter { !values.contains($0) }
      return [.init(value: "", label: any, isChosen: chosen == nil)]
        + (values + unknown).map { value in
          .init(
            value: value, label: value.replacing("_", with: " ").visible,
            isChosen: value == chosen)
        }
    }
    let status = address.filterFields.filter { $0.name == "status" }
    return ListView.Filters(
      search: address.search ?? "",
      kinds: choices(
        kinds.names + [KindCatalog.attached], address.kind, any: "Any kind"),
      verdicts: choices(ScanDoubt.names, address.doubt?.name, any: "Any verdict"),
      tenants: choices(tenants, address.tenant, any: "Any tenant"),
      hasTenants: tenants.count > 1 || address.tenant != nil,
      target: address.target, anyTargetHref: address.with { $0.target = nil }.href,
      kept: status + address.orderField, all: address.filterFields,
      isNarrowed: address.isNarrowed,
      noneHref: ListAddress.address("/", status + address.orderField))
  }

  // MARK: Order

  private static func columns(_ address: ListAddress) -> [ListView.Column] {
    func column(
      _ label: String, _ style: String = "", by column: ScanOrder.Column? = nil
    ) -> ListView.Column {
      guard let column else { return .init(label: label, style: style) }
      let isCurrent = address.order.column == column
      // The newest first is what a reader expects of numbers; of names, from A to Z.
      let isDescending = isCurrent ? !address.order.isDescending : column == .number
      let href = address.with { $0.order = ScanOrder(column, isDescending: isDescending) }.href
      guard isCurrent else {
        return .init(label: label, style: style + " sortable", href: href)
      }
      return .init(
        label: label, style: style + " sortable", href: href,
        ariaSort: address.order.isDescending ? "descending" : "ascending",
        arrow: address.order.isDescending ? "↓" : "↑")
    }
    return [
      column("Scan", by: .number), column("Target", by: .target), column("Status", by: .status),
      column("Progress"), column("Rate", "number"), column("Age", "number"),
    ]
  }
}

/// A worker that an operator should see, with how many scans it runs.
struct LiveWorker: Sendable {
  var record: WorkerRecord
  var running: Int
  var now: Timestamp

  var shown: ListView.Worker { ListView.Worker(record, running: running, now: now) }

  /// How many running scans are told apart by worker.
  static let mostRunning = 5000

  static func all(
    in store: any ScanStore & RunningStore, now: Timestamp
  ) async throws(StoreError) -> [LiveWorker] {
    all(
      try await store.presentWorkers(), running: try await store.runningScans(limit: mostRunning),
      now: now)
  }

  static func all(
    _ workers: [WorkerRecord], running: [RunningScan], now: Timestamp
  ) -> [LiveWorker] {
    let counts = running.reduce(into: [String?: Int]()) { $0[$1.workerID, default: 0] += 1 }
    return workers.filter { $0.isHere(now: now) }.map { worker in
      LiveWorker(record: worker, running: counts[worker.id] ?? 0, now: now)
    }
  }
}

extension WorkerRecord {
  /// Whether the worker lives, or has died so lately that an operator should see it.
  func isHere(now: Timestamp) -> Bool {
    guard status != "retired", status != "stopped", status != "ended" else { return false }
    return now.seconds(since: lastHeartbeatAt) < 20 * heartbeatIntervalSeconds
  }
}
