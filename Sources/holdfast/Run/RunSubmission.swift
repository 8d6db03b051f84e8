import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// Gets the scan of a command into the queue: one of a name at a time, and what a `holdfast run` that was killed left behind is no obstacle.
struct RunSubmission {
  let store: SQLStore
  let target: String
  let spec: ProgramSpec
  let policy: Policy
  let isResumable: Bool

  private static let actor = "run"

  func submit() async throws(CommandFailure) -> Scan {
    if isResumable, let unfinished = try await unfinished() { return unfinished }
    let request = ScanRequest(
      id: ScanID.make(), kind: KindCatalog.attached, target: target, params: params,
      policy: policy, createdBy: "cli")
    // Each round gets one thing that was left behind out of the way; somebody else can only be quicker.
    for _ in 0..<3 {
      let submission = try await askStore { () async throws(StoreError) in
        try await store.seen(by: .commandLine).submit([request])
      }
      switch submission.first {
      case .created(let scan), .existing(let scan): return scan
      case .scopeHeld(let holder):
        guard try await isAbandoned(holder) else { throw Submitter.alreadyInProgress(holder) }
        if isResumable, holder.params["command"] == params["command"] {
          if let scan = try await released(holder) { return scan }
        } else {
          try await fail(holder)
        }
      case nil: throw CommandFailure(.internalError, "the database gave no answer to a submission")
      }
    }
    throw CommandFailure(.notYet, "a command of this name runs already")
  }

  /// The command as it is shown, and the process that it belongs to.
  private var params: JSONValue {
    .object([
      "command": .array(SecretMask.arguments(spec.command).map(JSONValue.string)),
      "folder": .string(spec.folder ?? "/"), "process": .string(LinuxProcess.current().name),
    ])
  }

  // MARK: What was left behind

  /// Whether the `holdfast run` of an active scan is surely gone. One on another host counts as there.
  private func isAbandoned(_ scan: Scan) async throws(CommandFailure) -> Bool {
    let here = LinuxProcess.current()
    guard scan.status == .running else {
      return scan.params["process"]?.stringValue.flatMap(here.hasEnded(named:)) ?? false
    }
    guard let life = scan.workerID,
      let worker = try await askStore({ () async throws(StoreError) in
        try await store.worker(life: life)
      })
    else { return false }
    return here.isGone(worker)
  }

  /// A scan that nobody runs any more, back in the queue; `nil` if it went another way meanwhile.
  private func released(_ scan: Scan) async throws(CommandFailure) -> Scan? {
    if scan.status == .running { try await recoverEarlierLives() }
    let now = try await askStore { () async throws(StoreError) in
      try await store.scan(.id(scan.id))
    }
    return now?.status == .pending ? now : nil
  }

  private func fail(_ scan: Scan) async throws(CommandFailure) {
    if scan.status == .running { try await recoverEarlierLives() }
    _ = try await askStore { () async throws(StoreError) in
      try await store.act(
        .fail, on: scan.id, by: Self.actor,
        reason: "the holdfast run that it belonged to is gone")
    }
  }

  /// Puts what dead processes of this host still hold back into the queue, as every worker does when it starts.
  private func recoverEarlierLives() async throws(CommandFailure) {
    let process = LinuxProcess.current()
    try await askStore { () async throws(StoreError) in
      let life = try await store.registerWorker(
        WorkerRegistration(
          name: ProcessEnvironment.hostName, host: process.host, bootID: process.bootID,
          processID: process.processID, processStartTicks: process.startTicks, slots: 1,
          kinds: [KindCatalog.attached], version: holdfastVersion, heartbeatIntervalSeconds: 30))
      _ = try await store.recoverEarlierLives(of: life) { process.isGone($0) }
      try await store.retireWorker(life)
    }
  }

  // MARK: Going on

  /// The last run of this name, if it ended before its end and left a checkpoint: back in the queue.
  private func unfinished() async throws(CommandFailure) -> Scan? {
    let page = try await askStore { () async throws(StoreError) in
      try await store.scans(
        ScanFilter(kind: KindCatalog.attached, target: target), cursor: nil, limit: 1)
    }
    guard let last = page.items.first, last.checkpoint != nil,
      [.failed, .cancelled].contains(last.status), last.params["command"] == params["command"]
    else { return nil }
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.act(.retry, on: last.id, by: Self.actor, reason: "--resume")
    }
    if case .done(let scan) = outcome { return scan }
    return nil
  }
}
