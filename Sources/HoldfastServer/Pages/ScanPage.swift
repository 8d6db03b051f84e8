import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /scans/{id}`: everything about one scan.
struct ScanPage: Sendable {
  let store: any ScanStore
  let hub: EventHub
  /// Without one, nobody says why.
  let cleanup: (any CleanupService)?
  /// Whether what changes the scan is offered.
  let mayAct: Bool

  private static let rowsPerPage = 25
  private static let errorsPerPage = 15
  private static let mostEvents = 100

  func view(
    _ request: Request, _ context: ServerContext, frame: (String, String?) -> PageFrame
  ) async throws -> ScanView {
    let query = try Query(request)
    let change = try query.change()
    let scan = try await store.scan(in: context)
    let now = try await store.now()
    let place = query["events"].flatMap { $0.isEmpty ? nil : $0 }
    let events = try await store.events(of: scan.id, cursor: place, limit: Self.mostEvents)
    // A part of a story does not tell where its first attempt began.
    let attempts = place == nil ? AttemptRow.rows(events.items) : []
    let held = scan.status == .completed ? nil : HeldView(scan.verdict, of: scan)
    let diagnosis = Self.diagnosis(events.items)
    let age = now.seconds(since: scan.createdAt)
    let actions = mayAct ? ScanView.Action.all(for: scan, isStuck: scan.isHeldStuck) : []
    return ScanView(
      frame: frame("#\(scan.number) \(scan.target.visible)", "/api/v1/events?scan=\(scan.id)"),
      number: scan.number, kind: scan.kind.visible, target: scan.target.visible,
      status: ShownStatus(scan), announcement: Self.announcement(scan),
      attemptText: scan.attempt == 0 ? "not started yet" : "attempt \(scan.attempt)",
      createdBy: scan.createdBy?.visible, created: ShownTime(scan.createdAt),
      age: Words.age(age), ageSeconds: Int64(max(0, age)),
      actions: actions, hasActions: !actions.isEmpty,
      notice: Self.notice(scan), request: Self.request(scan),
      doubt: Self.doubt(scan), held: held, diagnosis: diagnosis,
      isSupervised: held != nil || diagnosis != nil,
      whyHref: cleanup == nil ? nil : "/scans/\(scan.number)/why",
      waitingFor: scan.waitingFor.flatMap { $0.isEmpty ? nil : $0.visible },
      bar: ShownBar(scan), measures: measures(scan, now: now),
      clocks: Self.clocks(scan, now: now),
      expectedEnd: secondsLeft(of: scan, now: now).map { ShownTime(now.adding(seconds: $0)) },
      current: scan.status == .running ? scan.progress?.current?.visible : nil,
      message: scan.status.isActive ? scan.progressMessage?.visible : nil,
      counters: Self.counters(scan), errors: try await errors(scan, query),
      results: try await results(scan, query, change: change),
      attempts: attempts, hasAttempts: !attempts.isEmpty,
      timeline: events.items.map(TimelineEntry.init),
      timelineMore: events.nextCursor.map {
        "/scans/\(scan.number)?events=\(LocalPath.encoded($0))#timeline"
      },
      timelineFirst: place.map { _ in "/scans/\(scan.number)#timeline" },
      eventsHref: "/api/v1/scans/\(scan.id)/events",
      facts: Self.facts(scan), params: try Self.json(scan.params),
      checkpoint: try scan.checkpoint.flatMap { try Self.json($0) },
      jsonHref: "/api/v1/scans/\(scan.id)",
      targetHref: ListAddress.address("/", [.init(name: "target", value: scan.target)]))
  }

  /// What a screen reader hears when it changes: the end, and every quarter on the way.
  private static func announcement(_ scan: Scan) -> String {
    if let notice = scan.notice { return notice }
    guard scan.status == .running, let percentage = scan.progress?.percentage else {
      return "Scan \(scan.status.rawValue)"
    }
    return "Scan running, \(percentage / 25 * 25) percent done"
  }

  private static func notice(_ scan: Scan) -> String? {
    guard let notice = scan.notice else {
      return scan.status == .pending && scan.attempt > 0
        ? scan.message?.visible ?? "Waiting to go on from its checkpoint" : nil
    }
    guard scan.status == .failed, let error = scan.errorMessage else { return notice }
    return "\(notice): \(error.visible)"
  }

  private static func request(_ scan: Scan) -> String? {
    switch scan.requestedAction {
    case .cancel: "Its worker has been asked to cancel it."
    case .pause: "Its worker has been asked to pause it."
    case nil: nil
    }
  }

  /// What supervision holds of it, unless it is in good order.
  private static func doubt(_ scan: Scan) -> String? {
    guard scan.status.isActive else { return nil }
    if let suspicion = scan.suspicion {
      return "Suspected: \(suspicion["sentence"]?.stringValue ?? "longer silent than ever")".visible
    }
    switch scan.verdict?["verdict"]?.stringValue.flatMap(Verdict.Kind.init) {
    case nil, .moving, .waiting, .ended: return nil
    default: return scan.verdict?["sentence"]?.stringValue.map { Words.sentence($0, of: scan) }
    }
  }

  /// What was found out last about its process, if its story tells of anything.
  private static func diagnosis(_ events: [ScanEvent]) -> DiagnosisView? {
    let last = events.last { $0.eventType == EventType.diagnosed.rawValue }
    return last.flatMap { DiagnosisView($0.eventData, at: $0.createdAt) }
  }

  private func measures(_ scan: Scan, now: Timestamp) -> [ScanView.Fact] {
    var facts: [ScanView.Fact] = []
    func add(_ label: String, _ value: String?) {
      if let value { facts.append(.init(label: label, value: value)) }
    }
    add("Done", scan.progressText)
    add("Rate", Words.rate(hub.meters.presentRate(of: scan, now: now)))
    add("Time left", secondsLeft(of: scan, now: now).map { "about \(Words.duration($0))" })
    add("Bytes", scan.progress.flatMap { $0.bytes > 0 ? Words.bytes($0.bytes) : nil })
    if let step = scan.progress?.step, !step.isEmpty, scan.status == .running {
      add("Step", step.visible)
    }
    if let start = scan.startedAt {
      let end = scan.endedAt ?? (scan.status == .running ? now : scan.updatedAt)
      add(
        scan.status.isTerminal ? "Took" : "Running for", Words.duration(end.seconds(since: start)))
    }
    return facts
  }

  /// Nothing is foretold of a scan that stands still.
  private func secondsLeft(of scan: Scan, now: Timestamp) -> Double? {
    hub.meters.presentRate(of: scan, now: now) == nil ? nil : hub.meters.secondsLeft(of: scan)
  }

  /// Alive, and moving: two signals, two clocks.
  private static func clocks(_ scan: Scan, now: Timestamp) -> [ScanView.Clock] {
    guard scan.status == .running else { return [] }
    let alive = scan.lastActivityAt ?? scan.claimedAt
    return [("Alive", alive), ("Moved", scan.progressAt)].compactMap { label, time in
      time.map { ScanView.Clock(label, $0, now: now) }
    }
  }

  private static func counters(_ scan: Scan) -> [ScanView.Counter] {
    let counts = scan.counts
    var counters: [ScanView.Counter] = []
    for (name, label) in [
      ("categories_found", "Categories"), ("courses_found", "Courses"),
    ] {
      if let count = scan.summary[name]?.intValue { counters.append(.init("plain", label, count)) }
    }
    counters += [
      .init("added", "Added", counts.added), .init("updated", "Updated", counts.updated),
      .init("removed", "Removed", counts.removed), .init("moved", "Moved", counts.moved),
    ]
    if counts.found > 0 { counters.append(.init("plain", "Found", counts.found)) }
    counters.append(.init("errors", "Errors", counts.errors))
    return counters
  }

  private func errors(_ scan: Scan, _ query: Query) async throws -> ScanView.Errors {
    let page = try await store.errors(
      of: scan.id, cursor: query["errors"].flatMap { $0.isEmpty ? nil : $0 },
      limit: Self.errorsPerPage)
    return ScanView.Errors(
      total: Words.number(scan.counts.errors),
      rows: page.items.map { error in
        .init(
          path: error.filePath.visible, type: error.errorType.visible,
          message: error.errorMessage.visible)
      },
      hasRows: !page.items.isEmpty,
      nextHref: page.nextCursor.map {
        "/scans/\(scan.number)?errors=\(LocalPath.encoded($0))#errors"
      })
  }

  private func results(
    _ scan: Scan, _ query: Query, change: Item.Change?
  ) async throws -> ScanView.Results {
    let page = try await store.items(
      of: scan.id, change: change, cursor: query["items"].flatMap { $0.isEmpty ? nil : $0 },
      limit: Self.rowsPerPage)
    let filter = change.map { "change=\($0.rawValue)&" } ?? ""
    return ScanView.Results(
      tabs: Self.tabs(scan, current: change),
      rows: page.items.map { record in
        .init(
          key: record.item.key.visible, change: record.item.change.rawValue,
          facts: ItemFacts.text(record.item))
      },
      hasRows: !page.items.isEmpty,
      nextHref: page.nextCursor.map {
        "/scans/\(scan.number)?\(filter)items=\(LocalPath.encoded($0))#results"
      },
      emptyText: change.map { "Nothing was \($0.rawValue)." }
        ?? (scan.status.isTerminal
          ? "Nothing has changed since the previous scan." : "No results yet."))
  }

  private static func tabs(_ scan: Scan, current: Item.Change?) -> [Tab] {
    let counts = scan.counts
    let changes: [(Item.Change, Int64)] = [
      (.added, counts.added), (.updated, counts.updated), (.removed, counts.removed),
      (.moved, counts.moved), (.found, counts.found),
    ]
    let all = Tab(
      label: "All", href: "/scans/\(scan.number)#results", isCurrent: current == nil, count: nil)
    return [all]
      + changes.filter { $0.1 > 0 || $0.0 == current }.map { change, count in
        Tab(
          label: change.rawValue.prefix(1).uppercased() + change.rawValue.dropFirst(),
          href: "/scans/\(scan.number)?change=\(change.rawValue)#results",
          isCurrent: change == current, count: Words.number(count))
      }
  }

  private static func facts(_ scan: Scan) -> [ScanView.Fact] {
    var facts: [ScanView.Fact] = []
    func add(_ label: String, _ value: String?) {
      if let value { facts.append(.init(label: label, value: value)) }
    }
    add("ID", scan.id.description)
    add("Worker", scan.workerName?.visible)
    add("Attempts", scan.attempt > 0 ? String(scan.attempt) : nil)
    add("Crashes", scan.crashes > 0 ? String(scan.crashes) : nil)
    add("Reason", scan.cleanupReason?.visible)
    add("Priority", scan.priority == 0 ? nil : String(scan.priority))
    add("Scope", scan.scope?.visible)
    add("Longest run", Words.duration(scan.maxRuntimeMinutes * 60))
    add("Heartbeat", "every \(Words.duration(scan.heartbeatIntervalSeconds))")
    add("Idempotency key", scan.idempotencyKey?.visible)
    return facts
  }

  /// Pretty JSON; `nil` for an empty object.
  private static func json(_ value: JSONValue) throws -> String? {
    if case .object(let members) = value, members.isEmpty { return nil }
    if case .null = value { return nil }
    let text = try JSONText.string(value, pretty: true)
    return text.utf8.count > 20_000 ? String(text.prefix(20_000)) + "\n…" : text
  }
}

/// The facts of an item in a few words.
enum ItemFacts {
  static func text(_ item: Item) -> String {
    var parts: [String] = []
    let data = item.data ?? .null
    if let from = data["from"]?.stringValue { parts.append("from \(from.visible)") }
    if let size = (data["size"] ?? data["size_bytes"])?.intValue { parts.append(Words.bytes(size)) }
    for name in ["category", "course"] {
      if let value = data[name]?.stringValue, !value.isEmpty {
        parts.append("\(name) \(value.visible)")
      }
    }
    return parts.isEmpty ? item.type.visible : parts.joined(separator: " · ")
  }
}
