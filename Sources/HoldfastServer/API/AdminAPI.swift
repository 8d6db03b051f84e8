import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `/api/admin/*`: looking for stuck scans and cleaning them, as the runbook of stuck website scans calls it.
struct AdminAPI: Sendable {
  let store: any ScanStore
  let cleanup: any CleanupService
  let hub: EventHub
  /// How long marking a scan as failed waits for its worker to end the process.
  let waitSeconds: Double

  func add(to routes: inout Routes) {
    routes.get("/api/admin/cleanup-scans", health)
    routes.post("/api/admin/cleanup-scans", clean)
    routes.put("/api/admin/cleanup-scans/{id}", fail)
    routes.post("/api/admin/reset-scans", reset)
  }

  @concurrent
  private func health(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    return try .json(
      JSONValue.object(CleanupShapes.health(try await cleanup.seen(by: context.caller).health())))
  }

  /// A dry run unless the body says otherwise: a call that forgets to say changes nothing.
  @concurrent
  private func clean(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await Self.body(
      request, context, known: ["dryRun", "heartbeatStaleMinutes", "maxRuntimeMinutes"])
    let dryRun = try body.flag("dryRun") ?? true
    let limits = CleanupLimits(
      maxRuntimeMinutes: try body.minutes("maxRuntimeMinutes"),
      heartbeatStaleMinutes: try body.minutes("heartbeatStaleMinutes"))
    let cleanup = cleanup.seen(by: context.caller)
    let report = try await cleanup.clean(limits, dryRun: dryRun, by: context.actor)
    return try .json(
      CleanupShapes.cleanup(report, health: try await cleanup.health(), dryRun: dryRun))
  }

  /// Marks one scan as failed. Where its worker is there to end its process first, the answer waits for that, and is 202 if it
  /// takes longer.
  @concurrent
  private func fail(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await Self.body(request, context, known: ["reason"])
    let reason =
      try body.text("reason", most: 1000) ?? "Manually marked as failed - scan appeared stuck"
    let actions = ScanActions(store: store)
    var scan: Scan
    switch try await actions.act(.fail, reason: reason, context) {
    case .done(let failed): scan = failed
    case .requested(let asked):
      scan = try await hub.end(of: asked, within: .seconds(waitSeconds))
    }
    let message =
      switch scan.status {
      case .failed: "Scan \(scan.number) is marked as failed"
      case .running: "The worker of scan \(scan.number) has been told to end it"
      default: "Scan \(scan.number) is \(scan.status.rawValue): it ended before it could be failed"
      }
    let answer: JSONValue = [
      "success": .bool(scan.status == .failed || scan.status == .running),
      "scanId": .string("\(scan.id)"), "scanNumber": .int(scan.number),
      "status": .string(scan.status.rawValue), "reason": .string(reason),
      "message": .string(message),
    ]
    return try .json(answer, status: scan.status.isTerminal ? .ok : .accepted)
  }

  @concurrent
  private func reset(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await Self.body(request, context, known: ["dryRun", "kind"])
    let dryRun = try body.flag("dryRun") ?? true
    let summary = try await cleanup.seen(by: context.caller).resetFailed(
      kind: try body.text("kind", most: 64), dryRun: dryRun, by: context.actor)
    let answer: JSONValue = [
      "success": true, "dryRun": .bool(dryRun),
      "resetCount": .int(Int64(summary.reset.count)),
      "scans": .array(summary.reset.prefix(CleanupShapes.mostScans).map(JSONValue.int)),
      "passedOverCount": .int(Int64(summary.passedOver)),
    ]
    return try .json(answer)
  }

  /// The runbook's calls leave the content type to curl, which then names a form. A bearer of the token may do so here; a
  /// session's write has been checked for its form's token before.
  private static func body(
    _ request: Request, _ context: ServerContext, known: [String]
  ) async throws -> JSONBody {
    guard context.identity?.isProgram == true else {
      return try await JSONBody(request, known: known)
    }
    return try await JSONBody(
      request, known: known, alsoAs: [nil, "application/x-www-form-urlencoded"])
  }
}
