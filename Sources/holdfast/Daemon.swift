import Glibc
import HoldfastEngine
import HoldfastServer
import HoldfastStorage
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Runs services until a signal asks for their end: the first one drains them, the second ends the
/// process.
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
    let signals = await UnixSignalsSequence(trapping: UnixSignal.endings)
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
    var first: (signal: UnixSignal, at: ContinuousClock.Instant)?
    for await signal in signals {
      guard let first else {
        first = (signal, .now)
        logger.info("stopping: scans go back to the queue", metadata: ["signal": "\(signal)"])
        await group.triggerGracefulShutdown()
        continue
      }
      if Self.isEcho(signal, of: first.signal, after: .now - first.at) { continue }
      logger.warning("second signal: ending without waiting", metadata: ["signal": "\(signal)"])
      exit((signal == .sigint ? ExitStatus.interrupted : .terminated).rawValue)
    }
  }

  /// Ctrl-C reaches a script and its server alike, and the script's SIGTERM for the server comes on
  /// top of it: that is one wish, told twice. Somebody who insists sends the same signal again, and
  /// not in the same breath: `timeout` signals its child and then its whole group.
  static func isEcho(
    _ signal: UnixSignal, of first: UnixSignal, after elapsed: Duration
  ) -> Bool {
    elapsed < (signal == first ? .milliseconds(200) : .seconds(2))
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

final class ServerService: Service {
  let server: HoldfastServer
  let onReady: @Sendable (Int) -> Void
  private let isReady = Mutex(false)

  init(server: HoldfastServer, onReady: @escaping @Sendable (Int) -> Void) {
    self.server = server
    self.onReady = onReady
  }

  func run() async throws {
    do {
      try await server.run { port in
        self.isReady.withLock { $0 = true }
        self.onReady(port)
      }
    } catch let error as StoreError {
      throw error
    } catch let error as ServerError {
      throw error
    } catch {
      // Whatever keeps a server from listening (a name that does not resolve, say) is not its defect.
      guard !isReady.withLock({ $0 }) else { throw error }
      throw CommandFailure(.operatingSystem, "the server cannot start: \(error)")
    }
  }
}

struct SweeperService: Service {
  let sweeper: Sweeper

  func run() async throws {
    await withGracefulShutdownHandler {
      await sweeper.run()
    } onGracefulShutdown: {
      sweeper.end()
    }
  }
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
