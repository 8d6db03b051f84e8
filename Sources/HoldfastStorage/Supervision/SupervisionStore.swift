package import HoldfastCore

/// What the sweep and its operators ask of a database, beside ``ScanStore``. All operations throw ``StoreError``.
package protocol SupervisionStore: Sendable {
  // MARK: Leading

  /// Takes or renews the leadership `name` for so many seconds of the database's clock.
  ///
  /// - Returns: whether `holder` leads now; `false` while another's term lasts.
  func lead(
    _ name: String, as holder: String, forSeconds: Double
  ) async throws(StoreError) -> Bool
  /// Who leads, while its term lasts.
  func leader(of name: String) async throws(StoreError) -> String?
  /// Ends one's own term at once, so that another need not wait for it.
  func resign(_ name: String, as holder: String) async throws(StoreError)

  // MARK: Looking

  /// Active scans whose check is due, the longest due first, beginning after `cursor`. It reads an index of what is due, and
  /// costs what it returns.
  func due(after cursor: DueCursor?, limit: Int) async throws(StoreError) -> DuePage
  /// Active scans that the last look found stuck and left as they are (reported, held back, or ordered of their worker), by number, beginning
  /// after `after`: they are due again only in a while, and are stuck meanwhile.
  func foundStuck(after: Int64, limit: Int) async throws(StoreError) -> DuePage
  /// All active scans by number, beginning after `after`, due or not.
  func active(after: Int64, limit: Int) async throws(StoreError) -> DuePage
  /// These scans as they are now; one that is gone or has ended is missing.
  func snapshots(of ids: [ScanID]) async throws(StoreError) -> DuePage
  /// The active scan that holds this scope.
  func snapshot(scope: String, tenantID: String) async throws(StoreError) -> DuePage
  /// Live and lately lost workers by the database's clock.
  func fleet() async throws(StoreError) -> Fleet

  // MARK: Acting

  /// Sets when each scan is to be looked at next, where its status and token are still those seen.
  func rearm(_ checks: [NextCheck]) async throws(StoreError)
  /// Writes what supervision holds of each scan, where its token is still the one seen. A verdict of another kind, cause or reason
  /// than the one stored is also an event.
  func record(_ verdicts: [JudgedScan]) async throws(StoreError)
  /// Asks the worker that holds the scan to find out why it hangs, end its process, and report this end.
  ///
  /// - Returns: whether the scan was still as the plan saw it.
  func orderRecovery(
    _ entry: RecoveryPlan.Entry, delaySeconds: Double
  ) async throws(StoreError) -> Bool
  /// Recovers one scan in one statement that repeats all that the plan rests on, with its event.
  ///
  /// - Returns: whether the scan was still as the plan saw it; if not, nothing was changed.
  func recover(
    _ entry: RecoveryPlan.Entry, delaySeconds: Double, by actor: String
  ) async throws(StoreError) -> Bool
  /// Asks the worker that runs the scan why it does what it does.
  ///
  /// - Returns: whether it runs; its answer is ``diagnosis(of:)`` once that is younger than the question.
  func askForDiagnosis(of id: ScanID) async throws(StoreError) -> Bool
  /// What was last found out about the scan's process, and when; `nil` if nothing was.
  func diagnosis(
    of id: ScanID
  ) async throws(StoreError) -> (found: JSONValue, at: Timestamp?, isWanted: Bool)?
  /// The verdict that was last recorded of a scan; `nil` if none was.
  func storedVerdict(of id: ScanID) async throws(StoreError) -> JSONValue?
  /// Marks these workers' lives as lost, where they have not beaten since.
  func markLost(_ workers: [Fleet.Worker]) async throws(StoreError)
  /// Marks these workers' lives as gone, whose processes are proven to have ended, makes their scans due at once, and ticks
  /// ``SignalChannel/sweep``.
  ///
  /// - Returns: how many of them were not marked before.
  func markGone(_ lives: [String]) async throws(StoreError) -> Int
  /// See ``ScanStore/signals(_:)``.
  func signals(_ channel: SignalChannel) -> AsyncStream<Void>
  /// Fails whatever active scan holds `scope`, by hand: at once, or, where a worker is there to end its process first, by an order
  /// to that worker (`.requested`). `.notFound` where nothing holds it.
  func unlock(
    scope: String, tenantID: String, by actor: String, reason: String
  ) async throws(StoreError) -> ActionOutcome
}

/// Where a list of due scans goes on: after this scan.
package struct DueCursor: Sendable, Hashable {
  /// `check_at` as the database itself writes it: finer than ``Timestamp`` on PostgreSQL, where a page would otherwise begin with
  /// the scan that ended the one before.
  let checkAt: String
  let number: Int64
}

/// Scans as supervision sees them, with the database's clock read in the same statement.
package struct DuePage: Sendable {
  package struct Row: Sendable {
    package var snapshot: ScanSnapshot
    package var tenantID: String
    package var checkAt: Timestamp
    /// `check_at` for ``DueCursor``; `nil` where it has none yet.
    var position: String?
    /// The id of the worker's life that holds, or last held, the lease.
    package var workerID: String?
    /// An order to end the attempt has been given and not yet been carried out.
    package var orderedAt: Timestamp?
    /// The verdict that is stored.
    package var heldFor: Verdict.Kind?
    /// The active scan that holds the scope of a pending one which holds none itself: somebody has
    /// inserted it by hand.
    package var scopeHolder: Int64?
  }

  package var rows: [Row]
  package var now: Timestamp
  /// Where the list of due scans goes on; `nil` for no rows.
  package var next: DueCursor?
}

/// When to look at a scan next.
package struct NextCheck: Sendable, Hashable {
  package var scanID: ScanID
  package var status: ScanStatus
  package var leaseToken: Int64
  package var at: Timestamp
  /// It was found stuck, and is left as it is until then.
  package var isStuck: Bool

  package init(
    scanID: ScanID, status: ScanStatus, leaseToken: Int64, at: Timestamp, isStuck: Bool = false
  ) {
    self.isStuck = isStuck
    self.scanID = scanID
    self.status = status
    self.leaseToken = leaseToken
    self.at = at
  }
}

/// A scan and what is held of it.
package struct JudgedScan: Sendable, Hashable {
  package var scanID: ScanID
  package var tenantID: String
  package var leaseToken: Int64
  package var verdict: Verdict

  package init(scanID: ScanID, tenantID: String, leaseToken: Int64, verdict: Verdict) {
    self.scanID = scanID
    self.tenantID = tenantID
    self.leaseToken = leaseToken
    self.verdict = verdict
  }
}

/// The workers that supervision counts on.
package struct Fleet: Sendable {
  package struct Worker: Sendable, Hashable {
    package var record: WorkerRecord
    package var heartbeatAgeSeconds: Double
    package var isSilent: Bool { record.isSilent(for: heartbeatAgeSeconds) }
  }

  package var workers: [Worker]
  package var now: Timestamp

  package var live: [Worker] { workers.filter { !$0.isSilent } }

  /// What a pending scan of `kind` meets.
  ///
  /// - Parameter tenant: whose scan it is.
  package func queue(for kind: String, of tenant: String) -> ScanSnapshot.Queue {
    let able = live.filter { worker in
      worker.record.scope.includes(tenant)
        && (worker.record.kinds.isEmpty || worker.record.kinds.contains(kind))
    }
    return ScanSnapshot.Queue(
      workersForKind: able.count,
      freeSlots: able.reduce(0) { $0 + max(0, $1.record.slots - $1.record.running) })
  }
}
