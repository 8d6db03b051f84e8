import HoldfastCore
import HoldfastStorage
import Testing

/// The store against the lifecycle's table, cell by cell: what the table lacks, no statement does.
@Suite struct LifecycleTests {
  @Test(arguments: TestedDatabase.allCases, ScanStatus.allCases)
  func everyCellOfTheTable(_ database: TestedDatabase, _ status: ScanStatus) async throws {
    let fixture = try await Fixture(database)
    for event in Lifecycle.Event.allCases {
      let scan = try await fixture.scan(in: status)
      let expected = Lifecycle.status(after: event, from: status)
      let events = try await fixture.eventTypes(of: scan.id)
      try await attempt(event, on: scan, fixture)
      let after = try await fixture.scan(scan.id)
      // An operator's cancel and pause of a running scan are wishes first; carried out by the attempt's end.
      #expect(after.status == expected ?? status, "\(event) of a \(status) scan")
      let grown = try await fixture.eventTypes(of: scan.id)
      if expected != nil {
        #expect(grown.count > events.count, "\(event) of a \(status) scan has no event")
      } else if grown != events {
        #expect(grown == events + ["late_result"], "\(event) of a \(status) scan")
      }
    }
  }

  private func attempt(
    _ event: Lifecycle.Event, on scan: Scan, _ fixture: Fixture
  ) async throws {
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    let store = fixture.store
    switch event {
    case .claim:
      let life = try await fixture.worker()
      _ = try await store.claim(scan.id, for: life)
    case .complete:
      try await fixture.report(
        AttemptReport(lease: lease, end: .completed(message: nil, summary: [:])))
    case .completePartially:
      try await fixture.report(
        AttemptReport(
          lease: lease, errors: [ItemError(path: "p", type: "t", message: "m")],
          end: .completed(message: nil, summary: [:])))
    case .fail:
      try await fixture.report(
        AttemptReport(lease: lease, end: .failed(error: "e", reason: nil, summary: nil)))
    case .requeue:
      try await fixture.report(
        AttemptReport(
          lease: lease,
          end: .requeued(
            reason: .workerDrained, message: "", delaySeconds: 0, countsAsCrash: false)))
    case .pause:
      if case .requested = try await store.act(.pause, on: scan.id, by: "op", reason: nil) {
        try await fixture.report(AttemptReport(lease: lease, end: .paused))
      }
    case .unpause: _ = try await store.act(.resume, on: scan.id, by: "op", reason: nil)
    case .cancel:
      if case .requested = try await store.act(.cancel, on: scan.id, by: "op", reason: nil) {
        try await fixture.report(
          AttemptReport(lease: lease, end: .cancelled(message: "by op")))
      }
    case .expire:
      // A recovery's event; by hand it goes through the library's history, which is fail for a scan that runs.
      guard scan.status == .pending else { return }
      try await fixture.shell(
        "UPDATE scan_history SET status = 'failed' WHERE id = \(scan.number)")
    case .retry: _ = try await store.act(.retry, on: scan.id, by: "op", reason: nil)
    }
  }
}
