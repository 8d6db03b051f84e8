import FoundationEssentials
import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

extension WorkersAPI {
  /// How many reports one batch may have.
  private static let mostReports = 1000

  /// Applies reports: each once, however often it is sent.
  @concurrent
  func report(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(ofWorker: request, known: ["reports", "minimal"])
    let isMinimal = try body.flag("minimal") ?? false
    let given = try body.objects(
      "reports", most: Self.mostReports,
      known: ["scan_id", "token", "sequence", "messages", "worker"])
    var reports: [AttemptReport] = []
    var checkpoints: [Int64?] = []
    for entry in given {
      let messages = try entry.runnerMessages("messages")
      reports.append(try Self.report(entry, messages))
      checkpoints.append(Self.newestCheckpoint(messages))
    }
    _ = try await record(context)
    let store = store(of: context)
    let applied = reports
    let outcomes = try await asking(context) { () async throws(StoreError) in
      guard isMinimal else { return try await store.report(applied) }
      var outcomes: [ReportOutcome] = []
      for report in applied { outcomes.append(try await store.reportMinimally(report)) }
      return outcomes
    }
    let told = zip(zip(reports, checkpoints), outcomes).map { given, outcome in
      Self.outcome(of: given.0, checkpoint: given.1, outcome)
    }
    return try Self.answer(
      RemoteOutcomes(outcomes: told),
      isAllLost: !told.isEmpty && told.allSatisfy { $0.outcome == .superseded }, context)
  }

  private static func report(
    _ body: JSONBody, _ messages: [RunnerMessage]
  ) throws(Problem) -> AttemptReport {
    let lease = try body.lease()
    guard let sequence = try body.wholeNumber("sequence", in: 1...Int64.max) else {
      throw .invalid(
        body.field("sequence"),
        "“\(body.field("sequence"))” is missing; it counts the reports of the lease from 1.")
    }
    var report: AttemptReport
    do throws(RunnerMessageReader.Malformed) {
      report = try AttemptReport(lease: lease, sequence: sequence, messages: messages)
    } catch {
      throw .invalid(body.field("messages"), "\(error.description.visible).")
    }
    guard let found = body.members["worker"], found != .null else { return report }
    let findings: RemoteFindings
    do {
      findings = try JSONDecoder().decode(RemoteFindings.self, from: Data(found.serialized.utf8))
    } catch {
      throw .invalid(
        body.field("worker"), "“\(body.field("worker"))” is not what a worker of Holdfast finds.")
    }
    report.progressMessage = findings.progressMessage ?? report.progressMessage
    report.diagnosis = findings.diagnosis
    report.doubt = findings.doubt
    report.rhythm = findings.rhythm
    report.end = findings.end ?? report.end
    return report
  }

  private static func newestCheckpoint(_ messages: [RunnerMessage]) -> Int64? {
    for case .checkpoint(let number, _) in messages.reversed() { return number }
    return nil
  }

  private static func outcome(
    of report: AttemptReport, checkpoint: Int64?, _ outcome: ReportOutcome
  ) -> RemoteOutcomes.Outcome {
    switch outcome {
    case .applied:
      .init(
        report.lease, sequence: report.sequence, outcome: .applied,
        messages: checkpoint.map { [.checkpointed(number: $0)] } ?? [])
    case .superseded:
      .init(
        report.lease, sequence: report.sequence, outcome: .superseded,
        messages: [.stop(reason: .superseded)])
    }
  }

  // MARK: Giving back

  private enum Release: String, CaseIterable {
    case drained, crashed
  }

  /// Gives a scan back that did not come to its end.
  @concurrent
  func release(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(
      request, known: ["scan_id", "token", "sequence", "reason", "message", "order"])
    let lease = try body.lease()
    let sequence = try body.wholeNumber("sequence", in: 1...Int64.max)
    let name = try body.text("reason", most: 20) ?? Release.drained.rawValue
    guard let reason = Release(rawValue: name) else {
      throw Problem.invalid(
        "reason",
        "“reason” must be drained (it may go on at once) or crashed (its program has died).")
    }
    let message = try body.text("message", most: 4000)
    let order = try Self.order(body)
    _ = try await record(context)
    let store = store(of: context)
    let end: AttemptEnd
    if let order {
      end = .recovered(order, diagnosis: Optional<JSONValue>.none)
    } else {
      end = try await self.end(reason, message, lease, store)
    }
    let report = AttemptReport(lease: lease, sequence: sequence, end: end)
    let outcomes = try await asking(context) { () async throws(StoreError) in
      try await store.report([report])
    }
    let told = outcomes.map { Self.outcome(of: report, checkpoint: nil, $0) }
    return try Self.answer(
      RemoteOutcomes(outcomes: told), isAllLost: outcomes == [.superseded], context)
  }

  private static func order(_ body: JSONBody) throws(Problem) -> RecoveryOrder? {
    guard let given = body.members["order"], given != .null else { return nil }
    do {
      return try JSONDecoder().decode(RecoveryOrder.self, from: Data(given.serialized.utf8))
    } catch {
      throw .invalid("order", "“order” must be the one that came with “stop”.")
    }
  }

  private func end(
    _ reason: Release, _ message: String?, _ lease: Lease, _ store: any ScanStore
  ) async throws -> AttemptEnd {
    switch reason {
    case .drained:
      return .requeued(
        reason: .workerDrained, message: message ?? "its worker gave it back", delaySeconds: 0,
        countsAsCrash: false)
    case .crashed:
      guard let scan = try await store.scan(.id(lease.scanID)) else {
        throw Problem.noScan(lease.scanID.description)
      }
      return .afterCrash(
        crashes: scan.crashes, policy: policies(scan.kind, scan.target),
        message: message ?? "its program died", jitter: Double.random(in: 0...1))
    }
  }

  // MARK: Questions

  /// Answers what a runner asks of the scan before its own.
  @concurrent
  func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(
      ofWorker: request, known: ["scan_id", "token", "message", "after"])
    let lease = try body.lease()
    guard let given = body.members["message"],
      let question = try JSONBody.runnerMessage(given, at: "message")
    else { throw Problem.invalid("message", Self.questions) }
    _ = try await record(context)
    let store = store(of: context)
    switch question {
    case .readBaselineIndex:
      let after = try body.text("after", most: 64).map { text throws(Problem) in
        try Self.partID(text, "after")
      }
      return try .json(try await index(lease, after: after, context))
    case .readBaselineParts(let ids):
      var parts: [Baseline.PartID] = []
      for id in ids { parts.append(try Self.partID(id, "message")) }
      let wanted = parts
      let found = try await asking(context) { () async throws(StoreError) in
        try await store.baselineContents(for: lease, ids: wanted)
      }
      return try .json(WorkerMessage.baselineParts(found, isLast: true))
    case .settle(let limit):
      let settlement = try await asking(context) { () async throws(StoreError) in
        try await store.settle(lease, removalLimit: limit)
      }
      guard let settlement else {
        return try Self.answer(RemoteOutcomes(outcomes: []), isAllLost: true, context)
      }
      return try .json(WorkerMessage.settled(settlement))
    default: throw Problem.invalid("message", Self.questions)
    }
  }

  private static let questions =
    "“message” must be read_baseline_index, read_baseline_parts or settle of the runner protocol."

  private func index(
    _ lease: Lease, after: Baseline.PartID?, _ context: ServerContext
  ) async throws -> WorkerMessage {
    let store = store(of: context)
    let found = try await asking(context) { () async throws(StoreError) in
      try await store.baselineEntries(
        for: lease, after: after, limit: RemoteProtocol.baselineEntriesPerAnswer)
    }
    var bytes = Data(capacity: found.count * 32)
    for entry in found {
      bytes.append(contentsOf: entry.id.bytes)
      bytes.append(contentsOf: entry.fingerprint.bytes)
    }
    return .baselineIndex(
      entries: bytes.base64EncodedString(),
      isLast: found.count < RemoteProtocol.baselineEntriesPerAnswer)
  }

  private static func partID(
    _ text: String, _ field: String
  ) throws(Problem) -> Baseline.PartID {
    guard let bytes = Data(base64Encoded: text), let id = Baseline.PartID(bytes: bytes) else {
      throw .invalid(field, "An id of a baseline part is not 16 bytes in base64.")
    }
    return id
  }

  // MARK: Diagnoses

  private struct Stored: Encodable {
    var stored: Bool
  }

  /// Keeps why an attempt's process does what it does.
  @concurrent
  func diagnose(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await JSONBody(
      ofWorker: request, known: ["scan_id", "token", "attempt", "diagnosis"])
    let lease = try body.lease()
    guard let attempt = try body.wholeNumber("attempt", in: 1...Int64(Int32.max)) else {
      throw Problem.invalid("attempt", "“attempt” is missing; it must be the attempt's number.")
    }
    guard let diagnosis = body.members["diagnosis"], diagnosis.objectValue != nil else {
      throw Problem.invalid("diagnosis", "“diagnosis” must be an object.")
    }
    _ = try await record(context)
    let store = store(of: context)
    let isStored = try await asking(context) { () async throws(StoreError) in
      try await store.recordDiagnosis(diagnosis, of: lease, attempt: Int(attempt))
    }
    return try .json(Stored(stored: isStored))
  }
}
