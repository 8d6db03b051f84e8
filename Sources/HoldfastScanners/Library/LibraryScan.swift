import HoldfastCore

/// One library scan from its first folder to its end: starts the threads, keeps the worker informed, and settles the account.
final class LibraryScan: Sendable {
  private let session: ScanSession
  private let survey: LibrarySurvey
  private let rules: LibraryRules
  private let tuning: LibraryScanner.Tuning
  private let context: LibraryContext
  private let merges = MergeQueue()
  private let stage: Monitor<Stage>
  private let resumesFrom: LibraryCheckpoint?

  private struct Stage {
    var phase = LibraryCheckpoint.Phase.walk
    /// The checkpoint that stands for the whole of a phase which starts again from its beginning.
    var fixed: LibraryCheckpoint?
    var isDone = false
  }

  init(
    _ session: ScanSession, _ survey: LibrarySurvey, _ rules: LibraryRules,
    _ index: BaselineIndex, _ tuning: LibraryScanner.Tuning
  ) {
    self.session = session
    self.survey = survey
    self.rules = rules
    self.tuning = tuning
    let before = session.start.baseline?.summary ?? .null
    context = LibraryContext(
      root: survey.root, rules: rules, lostMounts: survey.lostMounts, index: index,
      workList: WorkList(slots: index.count), output: session.output,
      previousFiles: (before["files_seen"]?.intValue ?? 0) + (before["files_kept"]?.intValue ?? 0),
      identifiesByHash: rules.hash && before["hashed"]?.boolValue == true,
      breadcrumbs: session.breadcrumbs)
    let resumesFrom = session.start.checkpoint.flatMap {
      LibraryCheckpoint(json: $0, baseline: session.start.baseline?.scanID.description)
    }
    self.resumesFrom = resumesFrom
    // A resumed scan is in its checkpoint's phase from the first moment: a checkpoint that named an earlier one would count
    // that phase twice.
    stage = Monitor(Stage(phase: resumesFrom?.phase ?? .walk))
  }

  func run() throws(SessionClosed) -> RunnerMessage.Finish {
    prepare()
    let driver = WorkThread("hf-library") { self.work() }
    report()
    driver.join()
    if session.isClosed { throw SessionClosed() }
    if let failure = context.failure {
      session.output.flush()
      return .init(outcome: .failed, error: failure, summary: summary)
    }
    if session.isStopRequested { return stopped() }
    return try settle()
  }

  // MARK: The work

  private func prepare() {
    guard let checkpoint = resumesFrom else { return context.workList.begin() }
    checkpoint.kept.forEach(context.keepBelow)
    context.live.add(entries: checkpoint.tally.entries, bytes: checkpoint.tally.bytes)
    context.workList.resume(
      checkpoint.frontier, frames: checkpoint.frontier.frames.compactMap(restore),
      tally: checkpoint.tally, seen: checkpoint.seen)
  }

  /// Lists again the folders of a folder whose folders were partly done.
  private func restore(_ mark: Frontier.Mark) -> WorkList.Frame? {
    let task = FolderTask(token: 0, path: mark.path)
    guard let names = FolderReader(context).names(of: task)?.folders else { return nil }
    let rest = names.split(separator: 0).drop {
      !mark.last.lexicographicallyPrecedes($0)
    }
    if rest.isEmpty { return nil }
    return WorkList.Frame(
      path: mark.path, names: rest.flatMap { Array($0) + [0] }, last: mark.last)
  }

  private func work() {
    let first = resumesFrom?.phase ?? .walk
    let merger = WorkThread("hf-merge") { self.merge() }
    if first == .walk { walk() }
    if first == .walk || first == .links, rules.followLinks, !context.shouldStop {
      // The checkpoint that stands for this phase must count every real folder.
      merges.drain()
      if !context.shouldStop {
        enter(.links)
        LinkFollower(context, merges).run()
      }
    }
    merges.end()
    merger.join()
    if first != .settle, !context.shouldStop {
      enter(.absent)
      AbsenceCheck(context, session).run()
    }
    stage.update { $0.isDone = true }
    // The reporting thread waits on the inbox, where also stop requests come in.
    session.inbox.signal { _ in }
  }

  private func walk() {
    let walkers = (0..<tuning.walkers).map { number in
      WorkThread("hf-walk-\(number)") {
        let visitor = FolderVisitor(self.context, self.merges)
        while let task = self.context.workList.take() { visitor.visit(task) }
      }
    }
    walkers.forEach { $0.join() }
  }

  private func merge() {
    let fetcher = PartFetcher(session: session, context: context)
    while let batch = merges.next() {
      let cost = batch.reduce(0) { $0 + $1.cost }
      guard fetcher.fetch(batch.map { ($0.partID, $0) }) != nil else { return merges.cancel() }
      merges.release(cost: cost)
    }
  }

  private func enter(_ phase: LibraryCheckpoint.Phase) {
    // One step, and the account is read under the same lock: a checkpoint must never pair the name of one phase with the count of another.
    session.breadcrumbs?.step(phase.step)
    stage.update { stage in
      stage.phase = phase
      stage.fixed = phase == .links ? checkpoint(phase) : nil
    }
  }

  // MARK: Reporting

  /// Keeps the worker informed until the work is done, and passes a request to stop on to the threads.
  private func report() {
    let second = 1_000_000_000.0
    var nextProgress = MonotonicClock.nanoseconds
    var nextCheckpoint = nextProgress + Int64(tuning.checkpointSeconds * second)
    while true {
      let now = MonotonicClock.nanoseconds
      if now >= nextProgress {
        sendProgress()
        nextProgress = now + Int64(tuning.progressSeconds * second)
      }
      if now >= nextCheckpoint {
        sendCheckpoint()
        nextCheckpoint = now + Int64(tuning.checkpointSeconds * second)
      }
      let isEnding = session.inbox.wait(until: min(nextProgress, nextCheckpoint)) {
        inbox -> Bool? in
        if inbox.stop != nil || inbox.isClosed { return true }
        return self.stage.read { $0.isDone } ? false : nil
      }
      if isEnding == false { return }
      if isEnding == true || session.output.isClosed || context.shouldStop { return halt() }
    }
  }

  private func halt() {
    context.stop()
    merges.cancel()
    session.inbox.signal { _ in }
  }

  private func sendProgress(isFinal: Bool = false) {
    let tally = context.workList.tally
    let phase = stage.read { $0.phase }
    let live = context.live
    let hashed = live.hashed
    session.breadcrumbs?.step(phase.step)
    // Not through the session, which would leave the newest folder in the breadcrumbs; the walk leaves the oldest.
    session.output.send(
      .progress(
        Progress(
          done: isFinal ? tally.entries : live.entries,
          total: isFinal
            ? tally.entries : session.start.baseline?.summary["entries_seen"]?.intValue,
          isEstimate: !isFinal, unit: "entries",
          bytes: (isFinal ? tally.bytes : live.bytes), step: phase.step,
          current: isFinal ? nil : PathKey.text(context.workList.current)),
        message: hashed > 0 ? "\(ByteCount.text(hashed)) of content read" : nil))
  }

  private func checkpoint(_ phase: LibraryCheckpoint.Phase) -> LibraryCheckpoint {
    let account = context.workList.account
    return LibraryCheckpoint(
      phase: phase, baseline: session.start.baseline?.scanID.description, tally: account.tally,
      frontier: phase == .walk ? account.frontier : Frontier(), seen: account.seen,
      kept: context.keptPaths.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @discardableResult
  private func sendCheckpoint() -> Int64 {
    let current = stage.read { $0.fixed ?? checkpoint($0.phase) }
    return session.checkpoint(current.json)
  }

  private func stopped() -> RunnerMessage.Finish {
    sendCheckpoint()
    return .init(outcome: .stopped)
  }

  // MARK: The end

  private func settle() throws(SessionClosed) -> RunnerMessage.Finish {
    let left = context.workList.remaining
    if left > 0 {
      // It would be told as complete what nobody has looked at, and what is missing would be called removed.
      return .init(
        outcome: .failed,
        error: "\(left) folders have not been read although the walk has ended: a defect of this "
          + "scanner. Nothing was removed.", summary: summary)
    }
    let tally = context.workList.tally
    stage.update { $0.phase = .settle }
    sendProgress(isFinal: true)
    if tally.missing > 0 {
      if let failure = rootFailure {
        return .init(outcome: .failed, error: failure, summary: summary)
      }
      // Durable before anything is settled: a later attempt must not report again what has been settled, since a file that has become
      // "moved" cannot be matched a second time.
      try session.waitForAcknowledgement(of: sendCheckpoint())
      if session.isStopRequested { return .init(outcome: .stopped) }
      let limit = rules.allowRemoval ? nil : context.previousFiles / 2
      guard let settlement = try session.settle(removalLimit: limit) else {
        return .init(outcome: .stopped)
      }
      if settlement.isRefused {
        return .init(outcome: .failed, error: refusal(settlement.removed), summary: summary)
      }
    }
    session.output.flush()
    return .init(outcome: .completed, message: Self.message(tally.errors), summary: summary)
  }

  /// The words of the library scanner's own page.
  private static func message(_ errors: Int64) -> String {
    switch errors {
    case 0: "Scan completed successfully"
    case 1: "Scan completed with 1 error"
    default: "Scan completed with \(errors) errors"
    }
  }

  private func refusal(_ removed: Int64) -> String {
    "\(removed) of \(context.previousFiles) files would be removed, which is more than half of the library. "
      + "Nothing was removed. If that is right, scan again with --allow-removal (allow_removal)."
  }

  /// Before anything is called removed: the root must still be where it was.
  private var rootFailure: String? {
    survey.root.isStillThere
      ? nil : "The root was moved, replaced or unmounted while it was scanned. Nothing was removed."
  }

  private var summary: JSONValue {
    var members = context.workList.tally.json
    members["files_missing"] = nil
    members["hashed"] = .bool(rules.hash)
    members["mount_point"] = survey.mountPoint.map(JSONValue.string) ?? .null
    members["mounts"] = .array(survey.mounts.map(JSONValue.string))
    members["root"] = [
      "path": .string(PathKey.text(survey.root.realPath)),
      "device": .int(Int64(truncatingIfNeeded: survey.root.device)),
      "inode": .int(Int64(truncatingIfNeeded: survey.root.inode)),
    ]
    return .object(members)
  }
}
