import HoldfastCore

/// Those who listen to a hub, found by what they listen to: with ten thousand streams, each of one
/// scan, an event costs those who follow its scan, and not ten thousand looks.
struct EventAudience: Sendable {
  struct Listener: Sendable {
    /// The one scan to hear of; `nil` for all.
    var scan: ScanID?
    var scope: TenantScope
    /// Whose stream it is; `nil` for a wait inside this program.
    var identity: Identity?
    var outlet: Outlet
  }

  /// Where a listener's messages go.
  enum Outlet: Sendable {
    /// To somebody who takes them one by one; the closure is called when the listener is dropped because it does not keep up.
    case messages(AsyncStream<EventHub.Message>.Continuation, onOverflow: @Sendable () -> Void)
    /// Straight into a connection: of ten thousand streams none has a task to wake for each event.
    case connection(EventConnection)

    func finish() {
      switch self {
      case .messages(let continuation, _): continuation.finish()
      case .connection(let connection): connection.end()
      }
    }
  }

  /// A message and the listener that it is for.
  struct Parcel: Sendable {
    var listener: Int
    var message: EventHub.Message
  }

  private var listeners: [Int: Listener] = [:]
  private var ofScan: [ScanID: Set<Int>] = [:]
  private var ofAll: Set<Int> = []
  private var nextID = 0
  /// How many listeners each caller and each tenant has.
  private var shares: [Share: Int] = [:]

  /// Whose listeners are counted together. Those of all tenants' callers are the installation's own, and in no share.
  private enum Share: Hashable {
    case caller(Subject)
    case tenant(String)

    static func all(of listener: Listener) -> [Share] {
      guard let identity = listener.identity, let tenant = identity.scope.tenant else { return [] }
      return [.caller(identity.subject), .tenant(tenant)]
    }

    /// Of so many listeners, a quarter for one caller and three for one tenant: nobody takes all from the others.
    func most(of listeners: Int) -> Int {
      switch self {
      case .caller: max(16, listeners / 4)
      case .tenant: max(48, listeners / 4 * 3)
      }
    }
  }

  var count: Int { listeners.count }

  /// Whether its caller, or its tenant, has room for a listener more where there may be so many in all.
  func hasRoom(for listener: Listener, of most: Int) -> Bool {
    Share.all(of: listener).allSatisfy { shares[$0, default: 0] < $0.most(of: most) }
  }

  mutating func add(_ listener: Listener) -> Int {
    for share in Share.all(of: listener) { shares[share, default: 0] += 1 }
    let id = nextID
    nextID += 1
    listeners[id] = listener
    if let scan = listener.scan {
      ofScan[scan, default: []].insert(id)
    } else {
      ofAll.insert(id)
    }
    return id
  }

  @discardableResult
  mutating func remove(_ id: Int) -> Listener? {
    guard let listener = listeners.removeValue(forKey: id) else { return nil }
    for share in Share.all(of: listener) {
      let left = shares[share, default: 0] - 1
      shares[share] = left > 0 ? left : nil
    }
    if let scan = listener.scan {
      ofScan[scan]?.remove(id)
      if ofScan[scan]?.isEmpty == true { ofScan[scan] = nil }
    } else {
      ofAll.remove(id)
    }
    return listener
  }

  mutating func removeAll() -> [Listener] {
    defer { (listeners, ofScan, ofAll, shares) = ([:], [:], [], [:]) }
    return Array(listeners.values)
  }

  /// For each listener what concerns it, in the order in which it is here.
  func parcels(
    _ framed: [EventHub.Framed], as message: ([EventHub.Framed]) -> EventHub.Message
  ) -> [Parcel] {
    var parcels: [Parcel] = []
    // Few tenants, many listeners: what a tenant may see is picked out and joined once.
    for (scope, ids) in Dictionary(grouping: ofAll, by: { listeners[$0]?.scope }) {
      let seen = framed.filter { scope?.includes($0.tenant) ?? false }
      guard !seen.isEmpty else { continue }
      let theirs = message(seen)
      parcels += ids.map { Parcel(listener: $0, message: theirs) }
    }
    guard !ofScan.isEmpty else { return parcels }
    for (scan, group) in Dictionary(grouping: framed, by: \.scan) {
      guard let ids = ofScan[scan], let tenant = group.first?.tenant else { continue }
      let theirs = message(group)
      for id in ids where listeners[id]?.scope.includes(tenant) == true {
        parcels.append(Parcel(listener: id, message: theirs))
      }
    }
    return parcels
  }

  /// One part of so many of all listeners.
  func part(_ part: Int, of parts: Int) -> [(id: Int, identity: Identity?)] {
    listeners.filter { $0.key % parts == part }.map { ($0.key, $0.value.identity) }
  }

  /// - Returns: the listeners that were dropped because their buffers are full.
  mutating func hand(_ parcels: ArraySlice<Parcel>) -> [Listener] {
    var dropped: [Listener] = []
    var rounds: [ObjectIdentifier: EventConnection.Round] = [:]
    for parcel in parcels {
      switch listeners[parcel.listener]?.outlet {
      case .messages(let continuation, _):
        guard case .dropped = continuation.yield(parcel.message) else { continue }
        if let listener = remove(parcel.listener) { dropped.append(listener) }
      case .connection(let connection):
        let loop = connection.eventLoop
        rounds[ObjectIdentifier(loop), default: .init(eventLoop: loop)]
          .letters.append((connection, parcel.message))
      case nil: continue
      }
    }
    // While the caller's lock is held: what is handed over later reaches each connection later.
    for round in rounds.values { round.go() }
    return dropped
  }
}
