import HoldfastStorage

/// How the server tells the store's errors apart.
enum StoreFault: Sendable {
  case unavailable
  case badCursor
  case other

  init(_ error: StoreError) {
    switch error {
    case .unavailable: self = .unavailable
    case .badCursor: self = .badCursor
    case .newerSchema, .olderSchema, .badURL, .statement: self = .other
    }
  }
}
