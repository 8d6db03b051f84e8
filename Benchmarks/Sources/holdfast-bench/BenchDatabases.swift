import ArgumentParser
import Foundation
import HoldfastStorage
import HoldfastTestKit
import Logging

/// The two databases under measurement: a SQLite file, and a PostgreSQL server of this run's own with its defaults
/// (fsync and synchronous commit on).
struct BenchDatabases {
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"
  }

  let folder: BenchFolder
  let server: PostgresServer

  init(folder: BenchFolder) async throws {
    self.folder = folder
    server = try await PostgresServer.start(durable: true)
  }

  /// A new, empty database.
  func make(_ kind: Kind) async throws -> DatabaseURL {
    switch kind {
    case .sqlite:
      let name = "queue-\(UInt32.random(in: 0 ... .max)).db"
      return .sqlite(path: folder.path(name))
    case .postgres: return try await server.createDatabase()
    }
  }

  func open(_ url: DatabaseURL) async throws -> SQLStore {
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    return try await SQLStore.open(url: url, maxConnections: 4, logger: logger)
  }

  func stop() async throws {
    try await server.stop()
  }
}
