/// What a worker tells of one attempt: the runner's own messages, and what only its worker knows.
package struct RemoteReport: Sendable, Hashable, Codable {
  package var scanID: ScanID
  package var token: Int64
  /// Where it stands among the reports of its lease, from 1.
  package var sequence: Int64?
  package var messages: [RunnerMessage]
  package var worker: RemoteFindings?

  package init(_ report: AttemptReport) {
    scanID = report.lease.scanID
    token = report.lease.token
    sequence = report.sequence
    messages = []
    if !report.items.isEmpty { messages.append(.items(report.items)) }
    if !report.errors.isEmpty { messages.append(.itemErrors(report.errors)) }
    if !report.baselineWrites.isEmpty { messages.append(.writeBaseline(report.baselineWrites)) }
    if let data = report.checkpoint {
      messages.append(.checkpoint(number: report.sequence ?? 0, data: data))
    }
    if let progress = report.progress { messages.append(.progress(progress, message: nil)) }
    if let what = report.waitingFor {
      messages.append(.waiting(for: what, seconds: what.isEmpty ? 0 : report.waitSeconds))
    }
    let findings = RemoteFindings(
      progressMessage: report.progressMessage, diagnosis: report.diagnosis, doubt: report.doubt,
      rhythm: report.rhythm, end: report.end)
    worker = findings == RemoteFindings() ? nil : findings
  }

  package var lease: Lease { Lease(scanID: scanID, token: token) }

  enum CodingKeys: String, CodingKey {
    case token, sequence, messages, worker
    case scanID = "scan_id"
  }
}

/// What a worker of Holdfast knows of an attempt beside what its runner says.
package struct RemoteFindings: Sendable, Hashable, Codable {
  package var progressMessage: String?
  package var diagnosis: JSONValue?
  package var doubt: AttemptDoubt?
  package var rhythm: AttemptRhythm?
  package var end: AttemptEnd?

  package init(
    progressMessage: String? = nil, diagnosis: JSONValue? = Optional<JSONValue>.none,
    doubt: AttemptDoubt? = nil, rhythm: AttemptRhythm? = nil, end: AttemptEnd? = nil
  ) {
    self.progressMessage = progressMessage
    self.diagnosis = diagnosis
    self.doubt = doubt
    self.rhythm = rhythm
    self.end = end
  }

  enum CodingKeys: String, CodingKey {
    case diagnosis, doubt, rhythm, end
    case progressMessage = "progress_message"
  }
}

package struct RemoteReports: Sendable, Hashable, Codable {
  package var reports: [RemoteReport]
  /// Whether to write the ends alone, as status, reason and token.
  package var isMinimal: Bool

  package init(reports: [RemoteReport], isMinimal: Bool = false) {
    self.reports = reports
    self.isMinimal = isMinimal
  }

  enum CodingKeys: String, CodingKey {
    case reports
    case isMinimal = "minimal"
  }
}

/// What became of reports, one entry for each in their order.
package struct RemoteOutcomes: Sendable, Hashable, Codable {
  package enum Result: String, Sendable, Codable {
    /// It is in the database, from this call or an earlier one.
    case applied
    /// The lease does not hold any more; nothing was changed.
    case superseded
  }

  package struct Outcome: Sendable, Hashable, Codable {
    package var scanID: ScanID
    package var token: Int64
    package var sequence: Int64?
    package var outcome: Result
    /// `checkpointed` for a checkpoint that is durable now; `stop` where the lease is superseded.
    package var messages: [WorkerMessage]

    package init(
      _ lease: Lease, sequence: Int64?, outcome: Result, messages: [WorkerMessage]
    ) {
      scanID = lease.scanID
      token = lease.token
      self.sequence = sequence
      self.outcome = outcome
      self.messages = messages
    }

    enum CodingKeys: String, CodingKey {
      case token, sequence, outcome, messages
      case scanID = "scan_id"
    }
  }

  package var outcomes: [Outcome]

  package init(outcomes: [Outcome]) { self.outcomes = outcomes }
}

/// Something that a runner asks of the store: `read_baseline_index`, `read_baseline_parts` or `settle`.
package struct RemoteQuestion: Sendable, Hashable, Codable {
  package var scanID: ScanID
  package var token: Int64
  package var message: RunnerMessage
  /// For the entries after this part (base64 of its id).
  package var after: String?

  package init(_ lease: Lease, message: RunnerMessage, after: String? = nil) {
    scanID = lease.scanID
    token = lease.token
    self.message = message
    self.after = after
  }

  enum CodingKeys: String, CodingKey {
    case token, message, after
    case scanID = "scan_id"
  }
}

/// What was found out about an attempt's process.
package struct RemoteDiagnosis: Sendable, Hashable, Codable {
  package var scanID: ScanID
  package var token: Int64
  package var attempt: Int
  package var diagnosis: JSONValue

  package init(_ lease: Lease, attempt: Int, diagnosis: JSONValue) {
    scanID = lease.scanID
    token = lease.token
    self.attempt = attempt
    self.diagnosis = diagnosis
  }

  enum CodingKeys: String, CodingKey {
    case token, attempt, diagnosis
    case scanID = "scan_id"
  }
}

/// What finished scans have taught: the answer of `GET /api/v1/workers/{id}/rhythms`.
package struct RemoteRhythms: Sendable, Hashable, Codable {
  /// In the order of their ids; at most as many as were asked for.
  package var rhythms: [RhythmRecord]

  package init(_ rhythms: [RhythmRecord]) { self.rhythms = rhythms }
}
