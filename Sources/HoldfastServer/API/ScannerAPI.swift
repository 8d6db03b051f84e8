import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/scanner/*`: the library scanner's own endpoints, over `library` scans.
struct ScannerAPI: Sendable {
  let store: any ScanStore
  let submitter: Submitter
  let hub: EventHub
  let waitSeconds: Double

  func add(to routes: inout Routes) {
    routes.post("/api/scanner/scan", scan)
    routes.get("/api/scanner/status", status)
    routes.get("/api/scanner/history", history)
  }

  /// Submits a scan and waits for its end; answers 202 with how far it has come if the end does not
  /// come in time.
  @concurrent
  private func scan(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(request, known: ["root_path"] + LibraryParameters.names)
    var params = body.members
    params["root_path"] = nil
    let wish = Submitter.Wish(
      kind: "library", target: try body.requiredText("root_path"), params: .object(params),
      idempotencyKey: try request.idempotencyKey, createdBy: context.actor)
    switch try await submit(wish, context.caller) {
    case .created(let scan), .existing(let scan):
      let wait = min(waitSeconds, request.preferredWaitSeconds ?? waitSeconds)
      let scan = wait > 0 ? try await hub.end(of: scan, within: .seconds(wait)) : scan
      return try .json(
        ScannerShapes.result(scan), status: scan.status.isTerminal ? .ok : .accepted)
    case .scopeHeld(let holder): throw Submitter.scopeHeld(by: holder)
    }
  }

  /// Here the fields have the library scanner's names.
  private func submit(
    _ wish: Submitter.Wish, _ caller: Caller
  ) async throws -> Submission {
    do {
      return try await submitter.submit(wish, for: caller)
    } catch var problem as Problem {
      if problem.field == "target" {
        problem.field = "root_path"
        problem.detail = problem.detail.replacing("target", with: "root_path", maxReplacements: 1)
      } else if let field = problem.field, field.hasPrefix("params.") {
        problem.field = String(field.dropFirst("params.".count))
        problem.detail = problem.detail.replacing("params.", with: "")
      }
      throw problem
    }
  }

  @concurrent
  private func status(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let library = LibraryScans(store: store.seen(by: context.caller))
    var last = JSONValue.null
    if let scan = try await library.last() {
      last = ScannerShapes.lastScan(scan, errors: try await library.errors(of: scan))
    }
    return try .json(ScannerShapes.status(current: try await library.current(), lastScan: last))
  }

  @concurrent
  private func history(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["limit"])
    let limit = try query.limit(default: 10)
    let library = LibraryScans(store: store.seen(by: context.caller))
    let page = try await library.store.scans(
      ScanFilter(kind: "library"), cursor: nil, limit: limit)
    var entries: [JSONValue] = []
    for scan in page.items {
      entries.append(
        .object(ScannerShapes.entry(scan, errors: try await library.errors(of: scan))))
    }
    return try .json(entries)
  }
}

/// Questions about library scans that the scanner's endpoints and the page share.
struct LibraryScans: Sendable {
  let store: any ScanStore

  /// The active one that matters most: a running one, else the newest.
  func current() async throws(StoreError) -> Scan? {
    let active = try await active()
    return active.first { $0.status == .running } ?? active.first
  }

  /// The newest hundred that are pending, running or paused.
  func active() async throws(StoreError) -> [Scan] {
    try await store.scans(
      ScanFilter(statuses: ScanStatus.allCases.filter(\.isActive), kind: "library"), cursor: nil,
      limit: 100
    ).items
  }

  /// The newest that has ended, in one of these ways.
  func last(
    _ statuses: [ScanStatus] = ScanStatus.allCases.filter(\.isTerminal)
  ) async throws(StoreError) -> Scan? {
    try await store.scans(
      ScanFilter(statuses: statuses, kind: "library"), cursor: nil, limit: 1
    ).items.first
  }

  /// Its first errors, bounded.
  func errors(of scan: Scan) async throws(StoreError) -> [ScanErrorRecord] {
    guard scan.counts.errors > 0 else { return [] }
    return try await store.errors(of: scan.id, cursor: nil, limit: ScannerShapes.mostErrors).items
  }
}
