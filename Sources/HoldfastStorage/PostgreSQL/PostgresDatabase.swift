import HoldfastCore
import Logging

final class PostgresDatabase: Database {
  let dialect = Dialect.postgres
  init(uri: String, maxConnections: Int, logger: Logger) throws(StoreError) {
    throw .unavailable("not there yet")
  }
  func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T)
    async throws(StoreError) -> T
  { throw .unavailable("not there yet") }
  func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws(StoreError) -> T)
    async throws(StoreError) -> T
  { throw .unavailable("not there yet") }
  func signals(_ channel: SignalChannel) -> AsyncStream<Void> { AsyncStream { _ in } }
  func close() async {}
}
