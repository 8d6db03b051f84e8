package import HoldfastCore

/// One kind of scan: what a runner does with its target.
package protocol Scanner: Sendable {
  var kind: String { get }

  /// Does the work, reporting through the session. Blocks; it has the process's main thread to itself.
  ///
  /// - Returns: how it ended. After a stop request it writes a checkpoint and returns `stopped` promptly.
  /// - Throws: ``SessionClosed`` once the worker is gone: nothing can be reported any more.
  func run(_ session: ScanSession) throws(SessionClosed) -> RunnerMessage.Finish
}

/// The worker has gone or stopped to speak the protocol.
package struct SessionClosed: Error {
  package init() {}
}
