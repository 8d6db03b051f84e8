import Foundation
import HoldfastCore

/// Decoding for tests that do not import Foundation themselves.
enum JSONDecoding {
  static func verdict(_ json: JSONValue) throws -> Verdict {
    try JSONDecoder().decode(Verdict.self, from: try JSONEncoder().encode(json))
  }
}
