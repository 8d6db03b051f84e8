/// Why a worker cannot begin to work for a server: what an operator has to put right.
package enum RemoteRefusal: Error, Sendable, Hashable {
  /// The address cannot be one.
  case address(String)
  /// The file of the server's authority cannot be used.
  case authority(String)
  /// Nobody answers there, or not in time.
  case unreachable(String)
  /// Something else answers.
  case notHoldfast(String)
  /// A server that does not know remote workers.
  case withoutWorkers(String)
  case token(String)
  case version(server: Int, worker: Int)
}

extension RemoteRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .address(let why), .authority(let why), .unreachable(let why), .notHoldfast(let why),
      .withoutWorkers(let why), .token(let why):
      why
    case .version(let server, let worker):
      "the server speaks version \(server) of the worker protocol, and this worker speaks "
        + "\(worker): use the same release on both sides"
    }
  }
}
