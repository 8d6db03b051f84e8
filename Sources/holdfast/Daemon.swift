import Glibc
import HoldfastEngine
import HoldfastServer
import HoldfastStorage
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs services until a signal asks for their end: the first SIGTERM or SIGINT drains them, the
/// second ends the process.
struct Daemon: Sendable {
  let services: [any Service]
  let logger: Logger

  func run() async throws -> ExitStatus {
    // The group's own lines about its services would tell an operator nothing that the services do
    // not.
    var groupLogger = logger
    groupLogger.logLevel = .error
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: services, logger: groupLogger))
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask(name: "signals") { await stop(group, on: signals) }
      do {
        try await group.run()
      } catch {
        throw Self.failure(error)
      }
      tasks.cancelAll()
      return .success
    }
  }

  private func stop(_ group: ServiceGroup, on signals: UnixSignalsSequence) async {
    var isStopping = false
    for await signal in signals {
      if isStopping {
        logger.warning("second signal: ending without waiting", metadata: ["signal": "\(signal)"])
        exit((signal == .sigint ? ExitStatus.interrupted : .terminated).rawValue)
      }
      isStopping = true
      logger.info("stopping: scans go back to the queue", metadata: ["signal": "\(signal)"])
      await group.triggerGracefulShutdown()
    }
  }

  /// Whatever a service threw, as a command's failure.
  private static func failure(_ error: any Error) -> any Error {
    switch error {
    case let error as StoreError: CommandFailure(error)
    case ServerError.store(let error): CommandFailure(error)
    case let error as ServerError: CommandFailure(.operatingSystem, "\(error)")
    case is CommandFailure: error
    default: CommandFailure(.internalError, "\(error)")
    }
  }
}

struct ServerService: Service {
  let server: HoldfastServer
  let onReady: @Sendable (Int) -> Void

  func run() async throws { try await server.run(onReady: onReady) }
}

struct WorkerService: Service {
  let worker: Worker

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await worker.run()
    } onGracefulShutdown: {
      worker.drain()
    }
  }
}
