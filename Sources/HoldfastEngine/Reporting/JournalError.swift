/// Why a journal could not be written or read.
enum JournalError: Error, Sendable, Hashable {
  case io(path: String, reason: String)
  /// The folder belongs to a worker that lives.
  case inUse(path: String)
  /// All that a journal may hold.
  case full(bytes: Int)
}

extension JournalError: CustomStringConvertible {
  var description: String {
    switch self {
    case .io(let path, let reason): "\(path): \(reason)"
    case .inUse(let path): "\(path) belongs to a worker that is running"
    case .full(let bytes): "the journal holds \(bytes) bytes, which is all it may"
    }
  }
}
