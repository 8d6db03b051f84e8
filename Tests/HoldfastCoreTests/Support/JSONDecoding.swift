import Foundation
import HoldfastCore

/// Decoding from text, for tests that do not import Foundation themselves.
enum JSONDecoding {
  static func cause(_ text: String) throws -> Verdict.PendingCause {
    try JSONDecoder().decode(Verdict.PendingCause.self, from: Data(text.utf8))
  }
}
