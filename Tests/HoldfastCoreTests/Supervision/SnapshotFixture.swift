import HoldfastCore

/// A moment of the tests' own calendar: 2026-01-01 00:00 UTC and so many seconds.
func at(_ seconds: Double) -> Timestamp {
  Timestamp(unixMilliseconds: 1_767_225_600_000).adding(seconds: seconds)
}

extension ScanSnapshot {
  /// A library scan that was claimed at 0 and has beaten and advanced at 1.
  static func running(
    _ number: Int64 = 17, change: (inout ScanSnapshot) -> Void = { _ in }
  ) -> ScanSnapshot {
    var snapshot = ScanSnapshot(
      scanID: ScanID(high: 0x7000, low: UInt64(number)), number: number, kind: "library",
      target: "/srv", status: .running, createdAt: at(-10), attempt: 1, leaseToken: 4,
      claimedAt: at(0), startedAt: at(0), lastActivityAt: at(1),
      progress: Progress(done: 45, total: 100, unit: "entries", step: "walk"),
      progressAt: at(1),
      worker: .init(name: "w1", lastHeartbeatAt: at(1), running: 2))
    change(&snapshot)
    return snapshot
  }

  static func pending(
    _ number: Int64 = 17, change: (inout ScanSnapshot) -> Void = { _ in }
  ) -> ScanSnapshot {
    var snapshot = ScanSnapshot(
      scanID: ScanID(high: 0x7000, low: UInt64(number)), number: number, kind: "library",
      target: "/srv", status: .pending, createdAt: at(0),
      queue: .init(workersForKind: 1, freeSlots: 1))
    change(&snapshot)
    return snapshot
  }

  /// The verdict under the defaults of its kind.
  func verdict(
    at now: Timestamp, policy: Policy? = nil
  ) -> Verdict {
    Supervision.verdict(self, policy: policy ?? .default(for: kind), now: now)
  }

  /// Heartbeats and progress alike at `seconds`, by the scan and its worker.
  mutating func beat(at seconds: Double) {
    lastActivityAt = HoldfastCoreTests.at(seconds)
    worker?.lastHeartbeatAt = HoldfastCoreTests.at(seconds)
  }
}
