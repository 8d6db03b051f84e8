package import HoldfastStorage

/// Why the server cannot start.
package enum ServerError: Error, Sendable {
  case store(StoreError)
  /// A file of the data directory cannot be read or written.
  case file(path: String, problem: String)
  /// The address cannot be bound.
  case bind(address: String, problem: String)
}

extension ServerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .store(let error): "\(error)"
    case .file(let path, let problem): "\(path): \(problem)"
    case .bind(let address, let problem): "cannot listen on \(address): \(problem)"
    }
  }
}
