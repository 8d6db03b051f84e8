import FoundationEssentials
import HoldfastCore
import HoldfastStorage
import Logging
import NIOPosix

/// Writes reports to the database, whatever it takes: a report that a statement refuses is written in smaller forms, and
/// what cannot be written at all is kept in a file and said loudly.
struct ReportWriter: Sendable {
  enum Outcome: Sendable, Equatable {
    case applied
    /// The lease no longer holds.
    case superseded
    /// Nothing of it could be written; it is in the quarantine file.
    case refused
  }

  /// ``WorkerStore/report(_:)`` of the store.
  let report: @Sendable ([AttemptReport]) async throws(StoreError) -> [ReportOutcome]
  /// Where refused reports are kept: a line of JSON each.
  let quarantineFile: String
  let logger: Logger
  /// ``WorkerStore/reportMinimally(_:)`` of the store.
  var emergency: @Sendable (AttemptReport) async throws(StoreError) -> ReportOutcome = {
    (_) throws(StoreError) in throw .statement("there is no smaller form")
  }
  /// ``WorkerStore/refreshSchema()`` of the store.
  var refresh: @Sendable () async throws(StoreError) -> Void = { () throws(StoreError) in }

  /// - Throws: any error but ``StoreError/statement(_:)``: the database is not there, and the same call may succeed later.
  func write(_ reports: [AttemptReport]) async throws(StoreError) -> [Outcome] {
    do {
      return try await report(reports).map { $0 == .applied ? .applied : .superseded }
    } catch .statement(let why) {
      if let outcomes = try await writeAgain(reports, after: .statement(why)) { return outcomes }
      logger.error(
        "a batch of reports was refused; writing each by itself", metadata: ["error": "\(why)"])
    }
    var outcomes: [Outcome] = []
    for report in reports { outcomes.append(try await writeAlone(report)) }
    return outcomes
  }

  /// Once more, after a look at what may have changed: most refusals of a schema that somebody works on are over in a moment.
  private func writeAgain(
    _ reports: [AttemptReport], after refusal: StoreError
  ) async throws(StoreError) -> [Outcome]? {
    if refusal.isSchemaMismatch {
      logger.error(
        "PGRST204: the schema cache does not fit the database any more; refreshing it and trying again",
        metadata: ["error": "\(refusal)"])
      try await refresh()
    }
    do {
      let outcomes = try await report(reports)
      logger.notice(
        "schema cache recovery: what was refused a moment ago is written",
        metadata: ["reports": "\(reports.count)"])
      return outcomes.map { $0 == .applied ? .applied : .superseded }
    } catch .statement {
      return nil
    }
  }

  private func writeAlone(_ report: AttemptReport) async throws(StoreError) -> Outcome {
    var refusal = ""
    let isEndAlone =
      report == AttemptReport(lease: report.lease, sequence: report.sequence, end: report.end)
    for (index, form) in Self.forms(of: report).enumerated() {
      do {
        let outcome = try await self.report([form])
        if index > 0 {
          await keep(report, why: refusal)
          logger.error(
            "🚨 Emergency progress recovery: the report was refused and its minimal form written",
            metadata: ["scan": "\(report.lease.scanID)", "error": "\(refusal)"])
        }
        return outcome == [.applied] ? .applied : .superseded
      } catch .statement(let why) {
        refusal = why
        guard StoreError.statement(why).isSchemaMismatch else { continue }
        // Somebody is in the middle of a change. What an attempt has found is not thrown away for that: it waits in the journal.
        guard isEndAlone else { throw .unavailable("its schema has changed: \(why)") }
        break
      }
    }
    do {
      let outcome = try await emergency(report)
      await keep(report, why: refusal)
      logger.error(
        "🚨 Emergency progress recovery: only status, reason and token were written (schema recovery)",
        metadata: ["scan": "\(report.lease.scanID)", "error": "\(refusal)"])
      return outcome == .applied ? .applied : .superseded
    } catch .statement(let why) {
      let last = StoreError.statement(why)
      if last.isSchemaMismatch { throw .unavailable("its schema has changed: \(why)") }
    }
    await keep(report, why: refusal)
    logger.critical(
      "🚨 Emergency progress recovery: not even the minimal form could be written; the report is kept in a file",
      metadata: [
        "scan": "\(report.lease.scanID)", "error": "\(refusal)", "file": "\(quarantineFile)",
      ])
    return .refused
  }

  /// The report, then what of it must not be lost, each smaller than the one before. The checkpoint is left out of the
  /// smaller ones, because it covers items that they do not hold.
  static func forms(of report: AttemptReport) -> [AttemptReport] {
    let told = AttemptReport(
      lease: report.lease, sequence: report.sequence,
      errors: [
        ItemError(
          path: "", type: "report_refused",
          message: "the database refused a report of this scan; its worker keeps it in a file")
      ], progressMessage: report.progressMessage, end: report.end)
    let bare = AttemptReport(
      lease: report.lease, sequence: report.sequence,
      progressMessage: report.end == nil ? report.progressMessage : nil,
      end: report.end)
    return [report, told, bare]
  }

  private func keep(_ report: AttemptReport, why: String) async {
    struct Kept: Encodable {
      var error: String
      var report: AttemptReport
    }
    do {
      let line = try JSONEncoder().encode(Kept(error: why, report: report)) + [UInt8(ascii: "\n")]
      let file = quarantineFile
      try await NIOThreadPool.singleton.runIfActive {
        try appendDurably(line, to: file)
      }
    } catch {
      logger.critical(
        "a refused report could not be kept in a file and is lost",
        metadata: [
          "scan": "\(report.lease.scanID)", "file": "\(quarantineFile)", "error": "\(error)",
        ])
    }
  }
}

private func appendDurably(_ bytes: Data, to path: String) throws {
  let folder = URL(filePath: path).deletingLastPathComponent().path
  try FileManager.default.createDirectory(
    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  try Journal.appendLine(Array(bytes), to: path)
}
