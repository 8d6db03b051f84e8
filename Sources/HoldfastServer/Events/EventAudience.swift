import HoldfastCore

/// Those who listen to a hub, found by what they listen to: with ten thousand streams, each of one
/// scan, an event costs those who follow its scan, and not ten thousand looks.
struct EventAudience: Sendable {
  struct Listener: Sendable {
    /// The one scan to hear of; `nil` for all.
    var scan: ScanID?
    var scope: TenantScope
    var continuation: AsyncStream<EventHub.Message>.Continuation
    /// Called when the listener is dropped because it does not keep up.
    var onOverflow: @Sendable () -> Void
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

  var count: Int { listeners.count }

  mutating func add(_ listener: Listener) -> Int {
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
    if let scan = listener.scan {
      ofScan[scan]?.remove(id)
      if ofScan[scan]?.isEmpty == true { ofScan[scan] = nil }
    } else {
      ofAll.remove(id)
    }
    return listener
  }

  mutating func removeAll() -> [Listener] {
    defer { (listeners, ofScan, ofAll) = ([:], [:], []) }
    return Array(listeners.values)
  }

  /// For each listener what concerns it, in the order in which it is here.
  func parcels(
    _ framed: [EventHub.Framed], as message: ([EventHub.Framed]) -> EventHub.Message
  ) -> [Parcel] {
    var parcels: [Parcel] = []
    // Few tenants, many listeners: what a tenant may see is picked out once.
    var visible: [TenantScope: [EventHub.Framed]] = [.all: framed]
    for id in ofAll {
      guard let scope = listeners[id]?.scope else { continue }
      let theirs = visible[scope] ?? framed.filter { scope.includes($0.tenant) }
      visible[scope] = theirs
      if !theirs.isEmpty { parcels.append(Parcel(listener: id, message: message(theirs))) }
    }
    guard !ofScan.isEmpty else { return parcels }
    for (scan, group) in Dictionary(grouping: framed, by: \.scan) {
      guard let ids = ofScan[scan], let tenant = group.first?.tenant else { continue }
      for id in ids where listeners[id]?.scope.includes(tenant) == true {
        parcels.append(Parcel(listener: id, message: message(group)))
      }
    }
    return parcels
  }

  /// A heartbeat for one part of so many of all listeners.
  func heartbeats(part: Int, of parts: Int) -> [Parcel] {
    listeners.keys.filter { $0 % parts == part }.map { Parcel(listener: $0, message: .heartbeat) }
  }

  /// - Returns: the listener, if it was dropped because its buffer is full.
  mutating func hand(_ parcel: Parcel) -> Listener? {
    guard let listener = listeners[parcel.listener],
      case .dropped = listener.continuation.yield(parcel.message)
    else { return nil }
    return remove(parcel.listener)
  }
}
