package import HoldfastCore
package import HoldfastStorage

/// Answers why a scan does what it does, whether it is stuck or not: what supervision holds of it, and why its process does what
/// it does.
///
/// The process is looked at here, if it runs on this machine under this user; else its worker is asked through the database,
/// and for no longer than a limit; else the answer is what is stored.
package struct Investigation: Sendable {
  /// What is known. `holdfast why --json` prints it in this shape.
  package struct Answer: Sendable, Codable {
    package enum Source: String, Sendable, Codable {
      /// This program looked at the process.
      case here
      /// The scan's worker looked, now.
      case worker
      /// What was found out earlier, in this attempt or the one before.
      case stored
      /// Nothing was ever found out.
      case none
    }

    package var scan: Scan
    /// What to hold of it, for an operator.
    package var sentence: String
    /// As supervision sees it now; of a scan that has ended, as it was last seen.
    package var verdict: JSONValue?
    package var source: Source
    /// ``HoldfastCore/Diagnosis``.
    package var diagnosis: JSONValue?
    package var diagnosedAt: Timestamp?
    /// Why there is no fresh diagnosis of a running scan.
    package var note: String?

    enum CodingKeys: String, CodingKey {
      case scan, sentence, verdict, source, diagnosis, note
      case diagnosedAt = "diagnosed_at"
    }
  }

  private let store: any ScanStore & SupervisionStore
  private let planner: SweepPlanner
  private let thread = BlockingThread()

  package init(store: any ScanStore & SupervisionStore, planner: SweepPlanner) {
    self.store = store
    self.planner = planner
  }

  /// - Parameter seconds: how long to wait for the scan's worker at most.
  /// - Throws: ``StoreError``.
  package func why(_ scan: Scan, waitingAtMost seconds: Double) async throws(StoreError) -> Answer {
    var answer = try await held(scan)
    let stored = try await store.diagnosis(of: scan.id)
    answer.diagnosis = stored?.found
    answer.diagnosedAt = stored?.at
    answer.source = stored == nil ? .none : .stored
    guard scan.status == .running else { return answer }
    if let found = try await lookHere(scan) {
      answer.diagnosis = found
      answer.diagnosedAt = try await store.now()
      answer.source = .here
      return answer
    }
    do throws(StoreError) {
      if let fresh = try await ask(scan.id, after: stored?.at, seconds) {
        answer.diagnosis = fresh.found
        answer.diagnosedAt = fresh.at
        answer.source = .worker
      } else {
        answer.note =
          "its worker \(scan.workerName ?? "") did not answer within "
          + SpanText.describe(seconds: seconds)
      }
    } catch {
      // A worker that was stopped in the middle of a write holds SQLite's lock: what can be read is the answer.
      answer.note = "its worker \(scan.workerName ?? "") could not be asked: \(error)"
    }
    return answer
  }

  /// What supervision holds of the scan.
  private func held(_ scan: Scan) async throws(StoreError) -> Answer {
    var answer = Answer(scan: scan, sentence: "", source: .none)
    let page = try await store.snapshots(of: [scan.id])
    if let row = page.rows.first {
      let verdict = planner.verdict(of: row, fleet: try await store.fleet(), now: page.now)
      answer.sentence = verdict.sentence
      answer.verdict = verdict.json
      return answer
    }
    answer.verdict = try await store.storedVerdict(of: scan.id)
    let ended =
      "Scan \(scan.number) (\(scan.kind) \(scan.target)) has ended: \(scan.status.rawValue)"
    let why = scan.errorMessage ?? scan.message
    answer.sentence = SecretMask.text(why.map { "\(ended): \($0)" } ?? "\(ended).")
    return answer
  }

  private func lookHere(_ scan: Scan) async throws(StoreError) -> JSONValue? {
    guard let id = scan.workerID,
      let worker = try await store.worker(life: id)
    else { return Optional<JSONValue>.none }
    let lease = Lease(scanID: scan.id, token: scan.leaseToken)
    let found = await thread.run(within: .seconds(2)) {
      LocalRunner.find(lease, attempt: scan.attempt, of: worker)
    }
    guard let (runner, breadcrumbs) = found ?? nil else { return Optional<JSONValue>.none }
    let diagnosis = await Why().diagnose(.init(root: runner, breadcrumbs: breadcrumbs))
    // Gone meanwhile: its worker knows more.
    guard !diagnosis.evidence.processes.isEmpty else { return Optional<JSONValue>.none }
    return JSONValue(parsing: diagnosis.json())
  }

  private func ask(
    _ id: ScanID, after earlier: Timestamp?, _ seconds: Double
  ) async throws(StoreError) -> (found: JSONValue, at: Timestamp?)? {
    guard try await store.askForDiagnosis(of: id) else { return nil }
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      if let answer = try await store.diagnosis(of: id), !answer.isWanted, answer.at != earlier {
        return (answer.found, answer.at)
      }
      // Cancelled: the next look at the clock ends it.
      do { try await Task.sleep(for: .milliseconds(50)) } catch { return nil }
    }
    return nil
  }
}
