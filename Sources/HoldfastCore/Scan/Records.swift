/// One entry of a scan's story, written in the transaction of the change that it tells of.
package struct ScanEvent: Sendable, Hashable, Codable {
  /// Grows with every event of the database; the cursor of event streams.
  package var id: Int64
  package var scanID: ScanID
  /// `scan_submitted`, `scan_claimed`, `scan_completed`, … (``EventType``)
  package var eventType: String
  package var eventData: JSONValue
  package var createdAt: Timestamp
  /// Whose scan it is. Not part of the event's JSON: who reads an event knows the scan.
  package var tenantID = TenantScope.defaultTenant

  package init(
    id: Int64, scanID: ScanID, eventType: String, eventData: JSONValue, createdAt: Timestamp,
    tenantID: String = TenantScope.defaultTenant
  ) {
    self.tenantID = tenantID
    self.id = id
    self.scanID = scanID
    self.eventType = eventType
    self.eventData = eventData
    self.createdAt = createdAt
  }

  enum CodingKeys: String, CodingKey {
    case id
    case scanID = "scan_id"
    case eventType = "event_type"
    case eventData = "event_data"
    case createdAt = "created_at"
  }
}

/// The names under which lifecycle events are stored.
package enum EventType: String, Sendable, CaseIterable {
  case submitted = "scan_submitted"
  case claimed = "scan_claimed"
  case completed = "scan_completed"
  case partial = "scan_partial"
  case failed = "scan_failed"
  case requeued = "scan_requeued"
  case paused = "scan_paused"
  case unpaused = "scan_resumed"
  case cancelled = "scan_cancelled"
  case retried = "scan_retried"
  case reverted = "scan_reverted"
  case reset = "scan_reset"
  case deleted = "scan_deleted"
  case cancelRequested = "cancel_requested"
  case pauseRequested = "pause_requested"
  case failRequested = "fail_requested"
  case requeueRequested = "requeue_requested"
  /// An end reported by an attempt that had lost its lease; recorded and not applied.
  case lateResult = "late_result"
  /// Supervision holds something else of the scan than before.
  case verdict = "scan_verdict"
  /// Why a scan's process does what it does, or how it ended, has been found out.
  case diagnosed = "scan_diagnosed"
  /// Its worker suspects it: silent for longer than scans like it ever are.
  case suspected = "scan_suspected"
  /// It moved after all.
  case suspicionWithdrawn = "suspicion_withdrawn"
}

/// An item error as stored.
package struct ScanErrorRecord: Sendable, Hashable, Codable {
  package var id: Int64
  package var scanID: ScanID
  package var filePath: String
  package var errorType: String
  package var errorMessage: String
  package var createdAt: Timestamp

  package init(
    id: Int64, scanID: ScanID, filePath: String, errorType: String, errorMessage: String,
    createdAt: Timestamp
  ) {
    self.id = id
    self.scanID = scanID
    self.filePath = filePath
    self.errorType = errorType
    self.errorMessage = errorMessage
    self.createdAt = createdAt
  }

  enum CodingKeys: String, CodingKey {
    case id
    case scanID = "scan_id"
    case filePath = "file_path"
    case errorType = "error_type"
    case errorMessage = "error_message"
    case createdAt = "created_at"
  }
}

/// An item as stored.
package struct ScanItemRecord: Sendable, Hashable, Codable {
  package var scanID: ScanID
  package var item: Item

  package init(scanID: ScanID, item: Item) {
    self.scanID = scanID
    self.item = item
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(scanID, forKey: .scanID)
    try container.encode(item.key, forKey: .key)
    try container.encode(item.type, forKey: .type)
    try container.encode(item.change, forKey: .change)
    try container.encode(item.data ?? .object([:]), forKey: .data)
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scanID = try container.decode(ScanID.self, forKey: .scanID)
    item = Item(
      key: try container.decode(String.self, forKey: .key),
      type: try container.decode(String.self, forKey: .type),
      change: try container.decode(Item.Change.self, forKey: .change),
      data: try container.decode(JSONValue.self, forKey: .data))
  }

  enum CodingKeys: String, CodingKey {
    case key, type, change, data
    case scanID = "scan_id"
  }
}

/// A worker as stored: one row for each life of a worker.
package struct WorkerRecord: Sendable, Hashable, Codable {
  /// Unique for each life: a restart under the same name is another worker.
  package var id: String
  package var name: String
  package var host: String
  package var bootID: String
  package var processID: Int32
  /// Clock ticks after boot at which the process started; tells a process id from its next use.
  package var processStartTicks: UInt64
  package var slots: Int
  package var kinds: [String]
  package var status: String
  package var version: String
  package var running: Int
  package var startedAt: Timestamp
  package var lastHeartbeatAt: Timestamp
  package var heartbeatIntervalSeconds: Double
  /// The tenant whose scans alone it runs; `nil` for a worker of all of them.
  package var tenant: String?

  package init(
    id: String, name: String, host: String, bootID: String, processID: Int32, slots: Int,
    kinds: [String], status: String, version: String, running: Int, startedAt: Timestamp,
    lastHeartbeatAt: Timestamp, heartbeatIntervalSeconds: Double, processStartTicks: UInt64 = 0,
    tenant: String? = nil
  ) {
    self.tenant = tenant
    self.id = id
    self.name = name
    self.host = host
    self.bootID = bootID
    self.processID = processID
    self.processStartTicks = processStartTicks
    self.slots = slots
    self.kinds = kinds
    self.status = status
    self.version = version
    self.running = running
    self.startedAt = startedAt
    self.lastHeartbeatAt = lastHeartbeatAt
    self.heartbeatIntervalSeconds = heartbeatIntervalSeconds
  }

  enum CodingKeys: String, CodingKey {
    case id, name, host, slots, kinds, status, version, running, tenant
    case bootID = "boot_id"
    case processID = "process_id"
    case processStartTicks = "process_start_ticks"
    case startedAt = "started_at"
    case lastHeartbeatAt = "last_heartbeat_at"
    case heartbeatIntervalSeconds = "heartbeat_interval_seconds"
  }
}

/// How many active scans of one kind have one status.
package struct QueueDepth: Sendable, Hashable, Codable {
  package var kind: String
  package var status: ScanStatus
  package var count: Int64
  /// Of the pending ones, those that can be claimed now.
  package var due: Int64
  /// When the oldest was submitted.
  package var oldestAt: Timestamp

  package init(kind: String, status: ScanStatus, count: Int64, due: Int64, oldestAt: Timestamp) {
    self.kind = kind
    self.status = status
    self.count = count
    self.due = due
    self.oldestAt = oldestAt
  }

  enum CodingKeys: String, CodingKey {
    case kind, status, count, due
    case oldestAt = "oldest_at"
  }
}

/// A stretch of a long list, and where the next one begins.
package struct Page<Row: Sendable & Codable>: Sendable, Codable {
  package var items: [Row]
  /// Opaque; `nil` at the end.
  package var nextCursor: String?

  package init(items: [Row], nextCursor: String?) {
    self.items = items
    self.nextCursor = nextCursor
  }

  enum CodingKeys: String, CodingKey {
    case items
    case nextCursor = "next_cursor"
  }
}
