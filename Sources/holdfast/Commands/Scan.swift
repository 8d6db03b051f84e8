import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct ScanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan", abstract: "Submit a scan and follow it to its end.",
    subcommands: [ScanLibraryCommand.self, ScanKindCommand.self],
    defaultSubcommand: ScanKindCommand.self)
}

/// What scans of every kind can be given, and whether to follow them.
struct SubmitOptions: ParsableArguments {
  @Flag(name: .long, help: "Submit, and return at once.")
  var detach = false

  @OptionGroup var queue: QueueOptions

  var manner: SubmitManner { SubmitManner(detach: detach, queue: queue) }
}

/// What scans of every kind can be given.
struct QueueOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("From -100 to 100; larger is run sooner.", valueName: "number"))
  var priority = 0

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A name for this submission: given again, it finds the scan that it made.", valueName: "key"))
  var idempotencyKey: String?

  func validate() throws {
    guard (-100...100).contains(priority) else {
      throw ValidationError("--priority: \(priority) is not from -100 to 100")
    }
    if let idempotencyKey, idempotencyKey.isEmpty {
      throw ValidationError("--idempotency-key: it is empty")
    }
  }
}

/// How a ``Submitter`` goes about it.
struct SubmitManner {
  var detach: Bool
  var queue: QueueOptions
}

/// Submits one scan, and follows it unless asked not to.
struct Submitter {
  let program: Program
  let options: SubmitManner
  let json: Bool
  let composition: Composition

  func submit(kind: String, target: String, params: JSONValue) async throws -> ExitStatus {
    let request = try self.request(kind: kind, target: target, params: params)
    let store = try await composition.openForWork(connections: 4)
    let submission = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).submit([request])
    }
    let scan: Scan
    switch submission.first {
    case .created(let created): scan = created
    case .existing(let existing):
      guard existing.kind == kind, existing.target == request.target else {
        await store.close()
        throw Self.keyUsedBefore(existing)
      }
      scan = existing
      program.errors.write("Scan \(scan.number) was submitted before under this key.\n")
    case .scopeHeld(let holder):
      await store.close()
      throw Self.alreadyInProgress(holder)
    case nil: throw CommandFailure(.internalError, "the database gave no answer to a submission")
    }
    if options.detach {
      let status = try await detach(scan, store)
      await store.close()
      return status
    }
    let end = try await ScanFollower(
      scan, store: store, composition: composition, program: program
    ).run()
    await store.close()
    return try program.conclude(end, json: json)
  }

  /// The request in its canonical form.
  func request(
    kind: String, target: String, params: JSONValue
  ) throws(CommandFailure) -> ScanRequest {
    do {
      let sound = try composition.configuration.kinds.validate(
        kind: kind, target: target, params: params)
      return ScanRequest(
        id: ScanID.make(), kind: kind, target: sound.target, params: sound.params,
        priority: options.queue.priority,
        policy: composition.policy(kind, sound.target),
        idempotencyKey: options.queue.idempotencyKey, createdBy: "cli")
    } catch {
      throw CommandFailure(.usage, "\(error)")
    }
  }

  private func detach(_ scan: Scan, _ store: any ScanStore) async throws -> ExitStatus {
    if json {
      try program.printJSON(scan)
    } else {
      program.output.write("Scan \(scan.number) is submitted.\n")
    }
    if composition.configuration.kinds.declared[scan.kind]?.isRemote == true {
      program.errors.write(LiveWorkers.waitsForProgram(scan) + "\n")
      return .success
    }
    let (workers, now) = try await askStore { () async throws(StoreError) in
      (try await store.presentWorkers(), try await store.now())
    }
    if LiveWorkers.of(workers, kind: scan.kind, now: now, host: .current).isEmpty {
      program.errors.write(
        "No worker is running: `holdfast serve`, `holdfast worker` or "
          + "`holdfast follow \(scan.number)` starts one.\n")
    }
    return .success
  }

  static func keyUsedBefore(_ scan: Scan) -> CommandFailure {
    CommandFailure(
      .usage,
      "--idempotency-key was used before, for the \(scan.kind) scan \(scan.number) of "
        + DisplayText.escaped(scan.target),
      detail: "another scan needs another key")
  }

  static func alreadyInProgress(_ holder: Scan) -> CommandFailure {
    let since = holder.startedAt.map { "started at \(ScanView.localTime($0))" } ?? "in the queue"
    return CommandFailure(
      .notYet, "Scan already in progress (\(since)): scan \(holder.number) of \(holder.target)",
      detail:
        "`holdfast follow \(holder.number)` shows it, `holdfast cancel \(holder.number)` ends it"
    )
  }
}

extension Program {
  /// Prints what became of a scan that a command has followed.
  func conclude(_ scan: Scan, json: Bool) throws(CommandFailure) -> ExitStatus {
    if json {
      try printJSON(scan)
    } else if scan.status.isTerminal {
      let style = ScanView.style(of: scan.status)
      let text = ScanView.outcome(scan)
      output.write((style.map { output.style(text, $0) } ?? text) + "\n")
      if scan.counts.errors > 0 {
        output.write("`holdfast errors \(scan.number)` lists the errors.\n")
      }
    }
    return ExitStatus(scan.status)
  }
}
