import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import NIOPosix
import Synchronization
import Testing

@testable import HoldfastEngine

/// A database that only takes reports, and does with them what a test says.
final class ReportTaker: Sendable {
  private struct State {
    var batches: [[AttemptReport]] = []
    var failure: StoreError?
    var refuse: @Sendable (AttemptReport) -> Bool = { _ in false }
    var refusal = ""
    var superseded: Set<Lease> = []
  }

  private let state = Mutex(State())

  var batches: [[AttemptReport]] { state.withLock { $0.batches } }
  var reports: [AttemptReport] { batches.flatMap { $0 } }

  func fail(_ error: StoreError?) { state.withLock { $0.failure = error } }
  func refuse(
    _ why: String = "a check fails (23514)",
    _ which: @escaping @Sendable (AttemptReport) -> Bool
  ) {
    state.withLock {
      $0.refuse = which
      $0.refusal = why
    }
  }
  func supersede(_ lease: Lease) { state.withLock { _ = $0.superseded.insert(lease) } }

  func report(_ reports: [AttemptReport]) throws(StoreError) -> [ReportOutcome] {
    try state.withLock { state throws(StoreError) in
      if let failure = state.failure { throw failure }
      if reports.contains(where: state.refuse) { throw .statement(state.refusal) }
      state.batches.append(reports)
      return reports.map { state.superseded.contains($0.lease) ? .superseded : .applied }
    }
  }
}

@Suite struct ReporterTests {
  let folder: TemporaryFolder
  let database = ReportTaker()
  let reporter: Reporter
  let lease = Lease(scanID: ScanID(high: 1, low: 1), token: 1)
  let log = EventLog()

  init() throws {
    folder = try TemporaryFolder()
    let database = database
    let writer = ReportWriter(
      report: { reports throws(StoreError) in try database.report(reports) },
      quarantineFile: folder.path("quarantine.ndjson"), logger: Logger(label: "test"))
    reporter = Reporter(
      writer: writer, journal: Journal(folder: folder.path("life")),
      eventLoop: MultiThreadedEventLoopGroup.singleton.next(), logger: Logger(label: "test"))
  }

  func item(_ number: Int) -> AttemptReport {
    AttemptReport(
      lease: lease, items: [Item(key: "\(number)", type: "f", change: .added)],
      checkpoint: .int(Int64(number)))
  }

  /// The keys of all items in the order in which they reached the database.
  var keys: [String] { database.reports.flatMap(\.items).map(\.key) }

  /// Runs the reporter beside `body`, then lets it end.
  func running(_ body: () async throws -> Void) async throws {
    reporter.open(lease) { [log] in log.add($0) }
    try await withThrowingTaskGroup { group in
      group.addTask { await reporter.run() }
      do {
        try await body()
        reporter.end()
      } catch {
        reporter.end()
        throw error
      }
      try await group.waitForAll()
    }
  }

  @Test func anEndIsWrittenAndToldOf() async throws {
    try await running {
      reporter.submit(AttemptReport(lease: lease, end: .paused), sequence: 5, bytes: 1)
      try await eventually("it is written") { database.reports.count == 1 }
    }
    #expect(log.all == [.applied(upTo: 5)])
  }

  @Test func whatComesWhileTheDatabaseIsAwayIsDeliveredInOrder() async throws {
    database.fail(.unavailable("gone"))
    try await running {
      for number in 1...50 { reporter.submit(item(number), sequence: Int64(number), bytes: 10) }
      try await eventually("it is in the journal") {
        !Journal.names(in: folder.path("life")).isEmpty
      }
      for number in 51...100 { reporter.submit(item(number), sequence: Int64(number), bytes: 10) }
      database.fail(nil)
      reporter.databaseIsBack()
      try await eventually("all is delivered") { keys.count >= 100 }
      reporter.submit(item(101), sequence: 101, bytes: 10)
      try await eventually("straight again") { keys.count >= 101 }
    }
    #expect(keys == (1...101).map(String.init))
    let sequences = database.reports.map { $0.sequence ?? 0 }
    #expect(sequences == sequences.sorted() && sequences.last == 101, "through the journal, too")
    #expect(log.all.last == .applied(upTo: 101))
    #expect(log.all.contains { if case .safe = $0 { true } else { false } })
    #expect(Journal.names(in: folder.path).contains("life") == false, "nothing is left behind")
  }

  @Test func whatIsNotDeliveredStaysForTheNextLife() async throws {
    database.fail(.unavailable("gone"))
    try await running {
      reporter.submit(item(1), sequence: 1, bytes: 10)
      reporter.submit(item(2), sequence: 2, bytes: 10)
    }
    #expect(keys == [])
    database.fail(nil)
    // The first life's journal is locked by this process until its object is gone; a copy stands for the next life's view.
    let next = folder.path("journals")
    try FileManager.default.createDirectory(atPath: next, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.path("life"), toPath: next + "/life")
    let database = database
    let leftovers = LeftoverJournals(
      folder: next,
      writer: ReportWriter(
        report: { reports throws(StoreError) in try database.report(reports) },
        quarantineFile: folder.path("quarantine.ndjson"), logger: Logger(label: "test")),
      isOurs: { (life) throws(StoreError) in life == "life" }, logger: Logger(label: "test"))
    try FileManager.default.copyItem(atPath: folder.path("life"), toPath: next + "/foreign")
    try await leftovers.deliver()
    #expect(keys == ["1", "2"])
    #expect(Journal.names(in: next) == ["foreign"], "another database's stays")

    // One of whose lines is damaged is kept, and what can be read of it is delivered.
    let damaged = next + "/life"
    try FileManager.default.copyItem(atPath: folder.path("life"), toPath: damaged)
    let file = try #require(Journal.names(in: damaged).first { $0.hasSuffix(".ndjson") })
    let text = try String(contentsOfFile: "\(damaged)/\(file)", encoding: .utf8)
    try ("{\"torn\n" + text).write(
      toFile: "\(damaged)/\(file)", atomically: true, encoding: .utf8)
    try await leftovers.deliver()
    #expect(keys == ["1", "2", "1", "2"])
    #expect(Journal.names(in: next) == ["foreign", "set-aside-life"])
    try await leftovers.deliver()
    #expect(keys.count == 4, "and is not delivered again")
  }

  @Test func aSchemaInTheMiddleOfAChangeWaitsInTheJournal() async throws {
    database.refuse("no such column: x") { _ in true }
    try await running {
      reporter.submit(item(1), sequence: 1, bytes: 10)
      try await eventually("it is in the journal") { log.all.contains(.safe(upTo: 1)) }
      database.refuse { _ in false }
      reporter.databaseIsBack()
      try await eventually("it is delivered") { log.all.contains(.applied(upTo: 1)) }
    }
    #expect(keys == ["1"])
    #expect(!FileManager.default.fileExists(atPath: folder.path("quarantine.ndjson")))
  }

  @Test func aSupersededLeaseIsToldAndWritesNoMore() async throws {
    database.supersede(lease)
    try await running {
      reporter.submit(item(1), sequence: 1, bytes: 10)
      try await eventually("it is refused") { database.reports.count == 1 }
    }
    #expect(log.all == [.superseded])
  }

  @Test func aRefusedReportIsWrittenInItsMinimalFormAndKept() async throws {
    database.refuse { !$0.items.isEmpty }
    let end = AttemptEnd.completed(message: "m", summary: ["n": 1])
    try await running {
      var report = item(1)
      report.end = end
      reporter.submit(report, sequence: 1, bytes: 10)
      let other = Lease(scanID: ScanID(high: 2, low: 2), token: 1)
      reporter.submit(AttemptReport(lease: other, end: .paused), sequence: 1, bytes: 10)
      try await eventually("both are written") { database.reports.count == 2 }
    }
    let minimal = try #require(database.reports.first { $0.lease == lease })
    #expect(minimal.end == end)
    #expect(minimal.checkpoint == nil)
    #expect(minimal.errors.map(\.type) == ["report_refused"])
    let kept = try String(contentsOfFile: folder.path("quarantine.ndjson"), encoding: .utf8)
    #expect(kept.contains("a check fails") && kept.contains("\"key\":\"1\""))
  }

  @Test func whatCannotBeWrittenAtAllIsKept() async throws {
    database.refuse { _ in true }
    try await running {
      reporter.submit(item(1), sequence: 1, bytes: 10)
      try await eventually("it is kept") {
        FileManager.default.fileExists(atPath: folder.path("quarantine.ndjson"))
      }
    }
    #expect(log.all == [.superseded], "its runner is stopped")
  }

  @Test func runnersAreHeldBackWhenTooMuchWaits() async throws {
    #expect(reporter.hasRoom(for: lease))
    reporter.submit(item(1), sequence: 1, bytes: Reporter.maxBufferedBytes)
    #expect(!reporter.hasRoom(for: lease))
    try await running {
      try await eventually("it is written") { database.reports.count == 1 }
    }
    #expect(log.all.contains(.room))
    #expect(reporter.hasRoom(for: lease))
  }
}

/// Events in the order in which they came.
final class EventLog: Sendable {
  private let events = Mutex<[ReportEvent]>([])
  var all: [ReportEvent] { events.withLock { $0 } }
  func add(_ event: ReportEvent) { events.withLock { $0.append(event) } }
}
