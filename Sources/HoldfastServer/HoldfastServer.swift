package import HoldfastStorage
package import Logging

/// The HTTP API and the pages over a store.
package struct HoldfastServer: Sendable {
  private let store: any ScanStore
  private let configuration: ServerConfiguration
  private let logger: Logger

  package init(store: any ScanStore, configuration: ServerConfiguration, logger: Logger) {
    self.store = store
    self.configuration = configuration
    self.logger = logger
  }

  /// Serves until the task is cancelled or a graceful shutdown is asked for; streams end at once, requests in progress are
  /// answered.
  ///
  /// - Parameter onReady: called once the server accepts connections, with the port that it is bound to.
  /// - Throws: ``ServerError`` when it cannot start.
  package func run(onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
  }

  /// Replaces the admin token by a new one: the store keeps its hash, the data directory's `admin-token` the token.
  /// Every session ends.
  ///
  /// - Returns: the path of the file.
  package static func rotateAdminToken(
    store: any ScanStore, dataDirectory: String
  ) async throws(ServerError) -> String {
    dataDirectory + "/admin-token"
  }
}
