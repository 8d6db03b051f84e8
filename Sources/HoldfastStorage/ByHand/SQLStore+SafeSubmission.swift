package import HoldfastCore

extension SQLStore: OperatorStore {
  package func submitIfSafe(
    _ request: ScanRequest, by actor: String,
    decide: @escaping @Sendable (DuePage) -> PreScanAnswer
  ) async throws(StoreError) -> SafeSubmission {
    let request = owned([request]).first ?? request
    return try await database.write { [caller] (connection) throws(StoreError) in
      let turn = SafelySubmitting(
        request: request, actor: actor, decide: decide, connection: connection)
      // The scope can change hands between the look and the insert; then it is looked at again.
      for _ in 0..<8 {
        guard let submission = try turn.attempt() else { continue }
        // Who waits, or finds what was made before, has done nothing.
        if submission.outcome != .existing, submission.outcome != .waiting {
          try connection.audit(
            .scan(
              "submit_if_safe", before: nil, after: submission.scan,
              reason: submission.outcome.rawValue), caller)
        }
        return submission
      }
      throw .unavailable("an exclusive scope changes hands faster than it can be looked at")
    }
  }
}

/// One safe submission within its transaction. The holder's row is locked from the look to the end, so that what was decided of
/// it still holds when it is done; where there is no holder, the scope's unique index lets one submitter through.
private struct SafelySubmitting {
  let request: ScanRequest
  let actor: String
  let decide: @Sendable (DuePage) -> PreScanAnswer
  let connection: any SQLConnection

  /// `nil` if the scope was taken since it was looked at.
  func attempt() throws(StoreError) -> SafeSubmission? {
    if let known = try Submitting.known(request, connection) {
      return SafeSubmission(
        outcome: .existing,
        check: decide(DuePage(rows: [], now: try connection.now(), next: nil)).check,
        scan: known)
    }
    let page = DuePage(rows: try holder(), now: try connection.now(), next: nil)
    let answer = decide(page)
    switch answer.check.action {
    case .start: return try start(answer, cleaned: nil)
    case .wait: return try tell(.waiting, answer)
    case .resume: return try resume(answer, paused: page.rows.first?.snapshot.status == .paused)
    case .cleanup:
      guard let entry = answer.entry else { return try tell(.waiting, answer) }
      guard try recover(entry, answer) else { return try tell(.ordered, answer) }
      return try start(answer, cleaned: entry.number)
    }
  }

  private func start(
    _ answer: PreScanAnswer, cleaned: Int64?
  ) throws(StoreError) -> SafeSubmission? {
    var outcomes: [Submission?] = [nil]
    try Submitting.insert([request], [0], into: &outcomes, connection)
    guard case .created(let scan) = outcomes[0] else { return nil }
    return SafeSubmission(outcome: .started, check: answer.check, scan: scan, cleaned: cleaned)
  }

  private func resume(
    _ answer: PreScanAnswer, paused: Bool
  ) throws(StoreError) -> SafeSubmission? {
    if paused {
      guard let id = answer.check.scanID,
        let scan = try connection.first(Acting.lock, [.uuid(id)], Acting.decode)
      else { return nil }
      let acting = Acting(
        scan: scan, actor: actor, reason: "resumed ahead of a new scan", connection: connection)
      guard case .done(let resumed) = try acting.resume() else { return nil }
      return SafeSubmission(outcome: .resumed, check: answer.check, scan: resumed)
    }
    guard let entry = answer.entry else { return try tell(.waiting, answer) }
    return try tell(try recover(entry, answer) ? .resumed : .ordered, answer)
  }

  /// - Returns: whether the row was changed; if not, its worker has been asked to end the process first.
  private func recover(
    _ entry: RecoveryPlan.Entry, _ answer: PreScanAnswer
  ) throws(StoreError) -> Bool {
    var order = RecoveryOrder(entry, delaySeconds: answer.delaySeconds)
    if answer.isWorkerThere {
      order.actor = actor
      try Recovering.order(order, entry, connection)
      return false
    }
    return try Recovering.apply(
      order, to: entry.scanID, guardian: entry.guardian,
      diagnosis: Optional<JSONValue>.none, by: actor, connection)
  }

  private func tell(
    _ outcome: SafeSubmission.Outcome, _ answer: PreScanAnswer
  ) throws(StoreError) -> SafeSubmission? {
    guard let id = answer.check.scanID,
      let scan = try connection.first(Acting.lock, [.uuid(id)], Acting.decode)
    else { return nil }
    return SafeSubmission(outcome: outcome, check: answer.check, scan: scan)
  }

  private func holder() throws(StoreError) -> [DuePage.Row] {
    guard let scope = request.scope else { return [] }
    return try connection.all(
      Self.holderStatement, [.text(request.tenantID), .text(indexKey(scope))]
    ) { (row: any SQLRow) throws(StoreError) in SnapshotColumns.decode(row) }
  }

  private static let holderStatement = Statement { dialect in
    """
    SELECT \(SnapshotColumns.list(dialect)) FROM \(SnapshotColumns.source)
    WHERE s.tenant_id = $1 AND s.scope = $2 AND \(isActive("s"))
    \(dialect.locking("s"))
    """
  }
}
