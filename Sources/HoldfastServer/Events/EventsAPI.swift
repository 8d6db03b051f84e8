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
  let authenticator: Authenticator

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
    let channel = context.channel
    guard let identity = context.identity else { throw Problem.notSignedIn() }
    let audience = Audience(scan: scan, identity: identity)
    let subscription = try await hub.subscribe(scan: scan, of: identity.scope) {
      // Its connection is full: nothing can be told to it any more.
      channel.close(promise: nil)
    }
    var headers: HTTPFields = [.contentType: "text/event-stream"]
    headers[.accelBuffering] = "no"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        defer { hub.leave(subscription) }
        let body = request.body
        try await withGracefulShutdownHandler {
          try await body.consumeWithInboundCloseHandler { _ in
            try await send(
              subscription, to: &writer, for: audience, after: lastSeen)
          } onInboundClosed: {
            hub.leave(subscription)
          }
        } onGracefulShutdown: {
          hub.leave(subscription)
        }
        try await writer.finish(nil)
      })
  }

  @concurrent
  private func send(
    _ subscription: EventHub.Subscription, to writer: inout any ResponseBodyWriter,
    for audience: Audience, after lastSeen: Int64?
  ) async throws {
    try await writer.write(EventFrame.opening)
    var sent = try await catchUp(
      to: &writer, for: audience, after: lastSeen, from: subscription.position)
    for await message in subscription.messages {
      switch message {
      case .events(let framed):
        let news = framed.filter { $0.id > sent }
        guard let last = news.last else { continue }
        sent = last.id
        try await writer.write(EventFrame.joined(news.map(\.frame)))
      case .progress(let framed):
        try await writer.write(EventFrame.joined(framed.map(\.frame)))
      case .heartbeat:
        // A token may have been revoked since the stream was opened.
        guard await authenticator.stillHolds(audience.identity) else { return }
        try await writer.write(EventFrame.heartbeat)
      }
    }
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
