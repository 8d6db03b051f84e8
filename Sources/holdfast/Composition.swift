import Glibc
import HoldfastCore
import HoldfastEngine
import HoldfastRemote
import HoldfastStorage
import Logging

/// Puts the parts together for one command: configuration, log, database. The only place that knows
/// every part.
struct Composition: Sendable {
  let configuration: Configuration
  let logger: Logger

  /// - Parameter level: what is logged when no setting says.
  init(
    _ program: Program, options: DatabaseOptions, flags: [SettingName: String] = [:],
    level: Logger.Level = .warning
  ) throws {
    var allFlags = options.flags
    allFlags.merge(flags) { _, new in new }
    configuration = try Self.settings(program, file: options.config, flags: allFlags)
    Redaction.protect(
      configuration.database, passwords: [program.environment["PGPASSWORD"] ?? ""])
    logger = LogSetup.logger(
      level: configuration.logLevel.flatMap(Logger.Level.init(rawValue:)) ?? level,
      format: configuration.logFormat)
    for warning in configuration.warnings { program.errors.write("holdfast: \(warning)\n") }
  }

  /// The settings alone, for a command that needs neither a log nor a database.
  static func settings(
    _ program: Program, file: String?, flags: [SettingName: String] = [:]
  ) throws -> Configuration {
    try Configuration.load(
      flags: flags, file: file, environment: program.environment
    ) { path throws(ConfigurationError) in
      do throws(ProcessEnvironment.FileError) {
        return try ProcessEnvironment.readFile(path)
      } catch {
        throw ConfigurationError([.init(place: path, text: "cannot be read: \(error.reason)")])
      }
    }
  }

  func databaseURL() throws(CommandFailure) -> DatabaseURL {
    do {
      return try DatabaseURL(configuration.database)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Opens the database for a command that only looks or acts: it must be there and have its
  /// schema. What the command changes is in the audit log.
  func openExisting(connections: Int = 2) async throws(CommandFailure) -> SQLStore {
    let url = try databaseURL()
    if case .sqlite(let path) = url, access(path, F_OK) != 0, errno == ENOENT {
      throw CommandFailure(
        .databaseUnavailable, "there is no database at \(DisplayText.escaped(path))",
        detail: "`holdfast serve` and `holdfast scan` make one; --database and --data-dir say where"
      )
    }
    return try await open(url, connections: connections, schema: .require)
      .seen(by: .commandLine)
  }

  /// Opens the database for a command that works on scans, bringing its schema up to date.
  func openForWork(connections: Int) async throws(CommandFailure) -> SQLStore {
    try prepareDataDirectory()
    return try await open(try databaseURL(), connections: connections, schema: .migrate)
  }

  private func open(
    _ url: DatabaseURL, connections: Int, schema: SQLStore.SchemaPolicy
  ) async throws(CommandFailure) -> SQLStore {
    if case .sqlite(let path) = url, let obstacle = DatabaseFile.obstacle(at: path) {
      throw obstacle
    }
    do {
      return try await SQLStore.open(
        url: url, maxConnections: connections, logger: logger, schema: schema)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Makes the data folder for its owner alone; one that is there keeps its permissions.
  func prepareDataDirectory() throws(CommandFailure) {
    let path = configuration.dataDirectory
    var made = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      made += "/" + component
      guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
      let reason = String(cString: strerror(errno))
      throw CommandFailure(
        .operatingSystem, "the data folder \(DisplayText.escaped(path)) cannot be made: \(reason)",
        detail: "--data-dir or HOLDFAST_DATA_DIR names another")
    }
  }

  /// Takes part in leading the sweep.
  func sweeper(_ store: SQLStore, _ rhythms: RhythmLibrary) -> Sweeper {
    var settings = Sweeper.Configuration(
      holder: LinuxProcess.current().name, intervalSeconds: configuration.sweepIntervalSeconds,
      rhythms: rhythms, policy: policy)
    let scheduler = Scheduler(store: store, policy: policy, logger: logger)
    let retention = Retention(
      store: store, shortestSeconds: configuration.policies.shortestKeepSeconds, logger: logger,
      policy: policy)
    settings.chores = { () async throws(StoreError) in
      try await scheduler.turn()
      try await retention.turn()
    }
    settings.record = { [holder = settings.holder] report, took async throws(StoreError) in
      try await store.record(
        SweepRecord(report, took: took, leader: holder, expired: retention.takeDeleted()))
    }
    return Sweeper(store: store, configuration: settings, logger: logger)
  }

  func planner(_ store: any SupervisionStore) -> SweepPlanner {
    SweepPlanner(store: store, policy: policy)
  }

  /// What finished scans have taught, for all parts of this process.
  func rhythms(_ store: any RhythmStore) -> RhythmLibrary {
    RhythmLibrary(store: store, rates: configuration.policies.suspicionRates, logger: logger)
  }

  /// What holds for a kind's target: the one book that every part asks.
  var policy: @Sendable (_ kind: String, _ target: String) -> Policy {
    { [book = configuration.policies] in book.effective(kind: $0, target: $1).policy }
  }

  /// The programs of the kinds that the configuration declares, with their secrets read anew for each attempt.
  private var programs: @Sendable (Scan) -> ProgramSpec? {
    { [declared = configuration.kinds.declared] scan in
      declared[scan.kind]?.program(for: scan) { path in
        do throws(ProcessEnvironment.FileError) {
          if let text = try ProcessEnvironment.readFile(path) {
            return .success(text.trimmingBlanks())
          }
          return .failure(.init(text: "the secret's file \(path) is not there"))
        } catch {
          return .failure(.init(text: "the secret's file \(path) cannot be read: \(error.reason)"))
        }
      }
    }
  }

  /// What operators do about stuck scans, under the same policies as the sweep.
  func desk(_ store: SQLStore) -> OperatorDesk {
    OperatorDesk(store: store, planner: planner(store), logger: logger)
  }

  /// A worker over this composition's settings.
  func worker(
    _ store: any WorkerStore, _ rhythms: RhythmLibrary?, slots: Int, kinds: [String] = [],
    onlyScan: ScanID? = nil
  ) -> Worker {
    worker(
      store, rhythms, slots: slots, kinds: kinds, onlyScan: onlyScan,
      limits: configuration.runnerLimits, policy: policy, program: programs)
  }

  /// A worker for the scans of a server, under the policies that come with them, and with what its finished scans have taught.
  func worker(_ server: RemoteStore, slots: Int, kinds: [String]) -> Worker {
    let own = policy
    return worker(
      server, rhythms(server), slots: slots, kinds: kinds, onlyScan: nil,
      limits: configuration.runnerLimits,
      policy: { server.policy(kind: $0, target: $1) ?? own($0, $1) }, program: programs)
  }

  /// A worker for one program, which is the user's own: nothing limits it but what the command line says.
  func worker(
    _ store: any WorkerStore, running program: ProgramSpec, as scan: ScanID, policy: Policy,
    in runner: EarlyRunner
  ) -> Worker {
    worker(
      store, nil, slots: 1, kinds: [KindCatalog.attached], onlyScan: scan, limits: RunnerLimits(),
      policy: { _, _ in policy }, program: { _ in program }, early: runner)
  }

  /// Starts the runner of a worker to come.
  func earlyRunner(_ attachment: RunnerAttachment) -> EarlyRunner {
    let logger = logger
    return EarlyRunner(
      life: ScanID.make().description, command: Self.runnerCommand,
      dataDirectory: configuration.dataDirectory, attachment: attachment,
      onTrouble: {
        logger.warning("the runner leaves no breadcrumbs", metadata: ["error": "\($0)"])
      })
  }

  private static var runnerCommand: [String] { [ProcessEnvironment.programPath, "runner"] }

  private func worker(
    _ store: any WorkerStore, _ rhythms: RhythmLibrary?, slots: Int, kinds: [String],
    onlyScan: ScanID?, limits: RunnerLimits,
    policy: @escaping @Sendable (String, String) -> Policy,
    program: @escaping @Sendable (Scan) -> ProgramSpec? = { _ in nil },
    early: EarlyRunner? = nil
  ) -> Worker {
    let worker = WorkerConfiguration(
      name: configuration.workerName ?? ProcessEnvironment.hostName, slots: slots, kinds: kinds,
      dataDirectory: configuration.dataDirectory,
      runnerCommand: Self.runnerCommand,
      heartbeatIntervalSeconds: configuration.policies.shortestHeartbeatSeconds,
      version: holdfastVersion, spareRunners: onlyScan == nil ? 1 : 0,
      limits: limits, policy: policy, rhythms: rhythms, onlyScan: onlyScan, program: program,
      early: early)
    return Worker(store: store, configuration: worker, logger: logger)
  }
}

/// Runs a call of the store with its error as a command's failure.
func askStore<T>(
  _ call: () async throws(StoreError) -> T
) async throws(CommandFailure) -> T {
  do {
    return try await call()
  } catch {
    throw CommandFailure(error)
  }
}
