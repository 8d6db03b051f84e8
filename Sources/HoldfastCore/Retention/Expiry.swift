/// What of an ended scan has been kept for as long as its policy says.
package struct Expiry: Sendable, Hashable {
  package enum Part: Sendable, Hashable {
    /// Items and item errors.
    case items
    /// Lifecycle events and the progress history.
    case events
    /// All of it.
    case scan
  }

  /// The scan's number.
  package var scan: Int64
  package var target: String
  package var part: Part
  /// How long it is kept after the scan's end.
  package var keepSeconds: Double

  package init(scan: Int64, target: String, part: Part, keepSeconds: Double) {
    self.scan = scan
    self.target = target
    self.part = part
    self.keepSeconds = keepSeconds
  }

  /// What is due of one scan, by the policy of its kind and target. Its parts follow the whole: a scan that is still needed stays
  /// when it is old, and they go.
  package static func due(of scan: StoredScan, policy: Policy) -> [Expiry] {
    guard let age = scan.secondsSinceEnd else { return [] }
    func part(_ part: Part, _ days: Double) -> Expiry? {
      let seconds = days * 86_400
      guard days > 0, age >= seconds else { return nil }
      return Expiry(scan: scan.number, target: scan.target, part: part, keepSeconds: seconds)
    }
    return [
      part(.scan, policy.keepScansDays),
      scan.hasItems ? part(.items, policy.keepItemsDays) : nil,
      scan.hasEvents ? part(.events, policy.keepEventsDays) : nil,
    ].compactMap { $0 }
  }
}

/// As much of a scan as retention goes by.
package struct StoredScan: Sendable, Hashable {
  package var number: Int64
  package var kind: String
  package var target: String
  package var secondsSinceCreation: Double
  /// `nil` while it is active.
  package var secondsSinceEnd: Double?
  /// Whether its items have not been deleted yet; there may be none.
  package var hasItems: Bool
  /// The same of its events.
  package var hasEvents: Bool

  package init(
    number: Int64, kind: String, target: String, secondsSinceCreation: Double,
    secondsSinceEnd: Double?, hasItems: Bool, hasEvents: Bool
  ) {
    self.number = number
    self.kind = kind
    self.target = target
    self.secondsSinceCreation = secondsSinceCreation
    self.secondsSinceEnd = secondsSinceEnd
    self.hasItems = hasItems
    self.hasEvents = hasEvents
  }
}

/// How many rows retention has deleted.
package struct ExpiredRows: Sendable, Hashable, Codable {
  package var scans = 0
  /// Items and item errors.
  package var items = 0
  /// Lifecycle events and samples of progress.
  package var events = 0

  package init(scans: Int = 0, items: Int = 0, events: Int = 0) {
    self.scans = scans
    self.items = items
    self.events = events
  }

  package var all: Int { scans + items + events }

  package static func += (left: inout ExpiredRows, right: ExpiredRows) {
    left.scans += right.scans
    left.items += right.items
    left.events += right.events
  }
}

extension PolicyBook {
  /// The shortest time for which anything at all is kept; `nil` where everything is kept for ever.
  package var shortestKeepSeconds: Double? {
    let all =
      Set(Self.kindNames).union(kinds.keys).map { effective(kind: $0) }
      + targets.map { effective(kind: $0.kind, target: $0.pattern) }
    let days = all.flatMap { effective in
      [
        effective.policy.keepItemsDays, effective.policy.keepEventsDays,
        effective.policy.keepScansDays,
      ]
    }
    return days.filter { $0 > 0 }.min().map { $0 * 86_400 }
  }
}
