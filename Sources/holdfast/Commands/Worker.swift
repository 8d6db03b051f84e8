import ArgumentParser
import HoldfastCore
import HoldfastStorage
import Logging
import ServiceLifecycle

struct WorkerCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Run scans, without an API.",
    discussion: """
      Any number of workers, on any number of machines, can share one PostgreSQL database. With \
      --server, a worker needs no database: it asks a server for scans over HTTP. SIGTERM \
      and Ctrl-C drain: running scans write a checkpoint and go back to the queue. A second signal \
      ends it at once.
      """)

  @OptionGroup(title: "Working") var working: WorkerOptions
  @OptionGroup(title: "Server") var server: RemoteOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  func execute(_ program: Program) async throws -> ExitStatus {
    var flags = log.flags
    flags[.workerName] = working.name
    flags[.slots] = working.slots
    flags[.workerKinds] = working.kinds
    flags.merge(server.flags) { _, new in new }
    let composition = try Composition(program, options: database, flags: flags, level: .info)
    let settings = composition.configuration
    let slots = settings.slots ?? ProcessEnvironment.processorCount
    guard slots > 0 else {
      throw CommandFailure(.usage, "a worker with 0 slots would never run a scan")
    }
    if let address = settings.server {
      guard database.database == nil else {
        throw CommandFailure(
          .usage, "--database and --server exclude each other",
          detail: "a worker of a server asks nobody else for scans")
      }
      return try await RemoteWork(composition: composition, address: address).run(slots: slots)
    }
    let store = try await composition.openForWork(connections: settings.databaseConnections)
    let rhythms = composition.rhythms(store)
    let worker = composition.worker(
      store, rhythms, slots: slots,
      kinds: settings.workerKinds ?? settings.kinds.runnable ?? [])
    let status = try await Daemon(
      services: [
        SweeperService(sweeper: composition.sweeper(store, rhythms)), WorkerService(worker: worker),
      ], logger: composition.logger
    ).run()
    await store.close()
    return status
  }
}

/// Who the worker is, and what and how much it takes.
struct WorkerOptions: ParsableArguments {
  @Option(name: .long, help: .setting(.workerName, "name"))
  var name: String?

  @Option(name: .long, help: .setting(.slots, "count"))
  var slots: String?

  @Option(name: .long, help: .setting(.workerKinds, "kinds"))
  var kinds: String?
}
