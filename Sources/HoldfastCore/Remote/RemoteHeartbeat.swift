/// The signs of life of a worker, and of all attempts that it runs.
package struct RemoteHeartbeat: Sendable, Hashable, Codable {
  package struct Pulse: Sendable, Hashable, Codable {
    package var scanID: ScanID
    package var token: Int64
    /// Its processes used processor time or moved bytes.
    package var isActive: Bool
    /// Its runner answered a ping.
    package var hasAnswered: Bool

    package init(_ lease: Lease, isActive: Bool, hasAnswered: Bool) {
      scanID = lease.scanID
      token = lease.token
      self.isActive = isActive
      self.hasAnswered = hasAnswered
    }

    enum CodingKeys: String, CodingKey {
      case token
      case scanID = "scan_id"
      case isActive = "active"
      case hasAnswered = "answered"
    }
  }

  package var running: Int
  package var scans: [Pulse]
  /// Whether to renew the leases alone, in the smallest statement that there is.
  package var isMinimal: Bool

  package init(running: Int, scans: [Pulse], isMinimal: Bool = false) {
    self.running = running
    self.scans = scans
    self.isMinimal = isMinimal
  }

  enum CodingKeys: String, CodingKey {
    case running, scans
    case isMinimal = "minimal"
  }
}

/// What becomes of the leases that a heartbeat named.
package struct RemoteStandings: Sendable, Hashable, Codable {
  package struct Standing: Sendable, Hashable, Codable {
    package var scanID: ScanID
    package var token: Int64
    /// `stop`, where the attempt is to end: `superseded` for a lease that no longer holds.
    package var messages: [WorkerMessage]
    /// With `stop` because the attempt is stuck: to be handed back when it has ended.
    package var order: RecoveryOrder?
    /// Somebody wants to know why it does what it does; a diagnosis answers.
    package var isLookWanted: Bool?

    package init(
      _ lease: Lease, messages: [WorkerMessage], order: RecoveryOrder? = nil,
      isLookWanted: Bool? = nil
    ) {
      scanID = lease.scanID
      token = lease.token
      self.messages = messages
      self.order = order
      self.isLookWanted = isLookWanted
    }

    package var lease: Lease { Lease(scanID: scanID, token: token) }

    package var stop: WorkerMessage.StopReason? {
      for case .stop(let reason) in messages { return reason }
      return nil
    }

    enum CodingKeys: String, CodingKey {
      case token, messages, order
      case scanID = "scan_id"
      case isLookWanted = "look"
    }
  }

  package var scans: [Standing]

  package init(scans: [Standing]) { self.scans = scans }
}
