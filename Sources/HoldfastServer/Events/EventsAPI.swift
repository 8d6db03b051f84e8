import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `GET /api/v1/events`: lifecycle events with their ids, and the progress of running scans, as
/// server-sent events.
struct EventsAPI: Sendable {
  let store: any ScanStore
  let hub: EventHub

  /// How many missed events are sent again; who has missed more gets `reset` instead.
  private static let mostMissed = 10_000

  /// What one stream is for: one scan or all, of the tenants that its reader may see.
  private struct Audience: Sendable {
    var scan: ScanID?
    var identity: Identity

    func hears(_ event: ScanEvent) -> Bool {
      (scan == nil || event.scanID == scan) && identity.scope.includes(event.tenantID)
    }
  }

  func add(to routes: inout Routes) {
    routes.getOnly("/api/v1/events", stream)
  }

  @concurrent
  private func stream(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["last_event_id", "scan"])
    let lastSeen = try Self.lastSeen(request, query)
    let scan = try await scanFilter(query, context)
    guard let identity = context.identity else { throw Problem.notSignedIn() }
    let audience = Audience(scan: scan, identity: identity)
    let connection = EventConnection(channel: context.channel, mostWaiting: hub.limits.buffer)
    let place = try await hub.subscribe(connection, scan: scan, for: identity)
    connection.whenOver { [hub] in hub.leave(place.id) }
    var headers: HTTPFields = [.contentType: "text/event-stream"]
    headers[.accelBuffering] = "no"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        defer { connection.end() }
        try await writer.write(EventFrame.opening)
        let sent = try await catchUp(
          to: &writer, for: audience, after: lastSeen, from: place.position)
        connection.release(after: sent)
        try await withGracefulShutdownHandler {
          try await connection.ended()
        } onGracefulShutdown: {
          connection.end()
        }
        try await writer.finish(nil)
      })
  }

  /// Sends what happened since the client's last event.
  ///
  /// - Returns: the newest event that it now knows.
  @concurrent
  private func catchUp(
    to writer: inout any ResponseBodyWriter, for audience: Audience, after lastSeen: Int64?,
    from position: Int64
  ) async throws -> Int64 {
    guard var sent = lastSeen else { return position }
    let newest = try await store.lastEventID()
    // Ids from another database, or more than is worth sending again.
    guard sent <= newest, newest - sent <= Int64(Self.mostMissed) else {
      try await writer.write(EventFrame.reset)
      return newest
    }
    while true {
      let events = try await store.events(after: sent, limit: hub.limits.batch)
      for event in events where audience.hears(event) {
        try await writer.write(try EventFrame.event(event))
      }
      guard let last = events.last else { return sent }
      sent = last.id
    }
  }

  private func scanFilter(
    _ query: Query, _ context: ServerContext
  ) async throws -> ScanID? {
    guard let text = query["scan"], !text.isEmpty else { return nil }
    guard let reference = ScanReference(text) else {
      throw Problem.invalid("scan", "“scan” must be a scan's UUID or number.")
    }
    guard let scan = try await store.seen(by: context.caller).scan(reference) else {
      throw Problem.noScan(text)
    }
    return scan.id
  }

  /// The header of a browser that comes back, or the parameter of a client that cannot set it.
  private static func lastSeen(_ request: Request, _ query: Query) throws(Problem) -> Int64? {
    guard let text = request.headers[.lastEventID] ?? query["last_event_id"], !text.isEmpty
    else { return nil }
    guard let id = Int64(text), id >= 0 else {
      throw .invalid("Last-Event-ID", "“Last-Event-ID” must be the id of an event.")
    }
    return id
  }
}
