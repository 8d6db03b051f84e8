/// What a field of a policy holds, whichever field it is.
package enum PolicyValue: Sendable, Hashable {
  case number(Double)
  case whole(Int)
  case choice(String)
  case flag(Bool)

  /// As it is written in a configuration and in JSON.
  package var json: JSONValue {
    switch self {
    case .number(let value): Int64(exactly: value).map(JSONValue.int) ?? .double(value)
    case .whole(let value): .int(Int64(value))
    case .choice(let value): .string(value)
    case .flag(let value): .bool(value)
    }
  }
}

extension PolicyValue: CustomStringConvertible {
  package var description: String {
    switch self {
    case .number(let value): Int64(exactly: value).map(String.init) ?? "\(value)"
    case .whole(let value): "\(value)"
    case .choice(let value): value
    case .flag(let value): value ? "true" : "false"
    }
  }
}
