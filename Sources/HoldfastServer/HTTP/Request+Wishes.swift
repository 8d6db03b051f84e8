import HTTPTypes
import HoldfastCore
import Hummingbird

extension Request {
  /// What makes this request safe to send again; `nil` if the client gave nothing.
  var idempotencyKey: String? {
    get throws(Problem) {
      guard let key = headers[.idempotencyKey] else { return nil }
      guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
      else {
        throw .invalid(
          "Idempotency-Key",
          "The header Idempotency-Key must have 1 to 255 printable ASCII characters.")
      }
      return key
    }
  }

  /// The key together with what is asked for, which tells a request that is sent again from another one.
  ///
  /// - Parameter secrets: members that are left out: not even a hash of them is kept.
  func idempotency(
    of body: JSONBody, without secrets: Set<String> = []
  ) throws(Problem) -> IdempotencyKey? {
    guard let key = try idempotencyKey else { return nil }
    let asked = JSONValue.object(body.members.filter { !secrets.contains($0.key) })
    return IdempotencyKey(key: key, fingerprint: Secrets.hash(asked.serialized))
  }

  /// How long the client lets an answer wait for the end of what it starts (RFC 7240), in seconds, if
  /// it says so: `Prefer: wait=5`, or `respond-async` for not at all.
  var preferredWaitSeconds: Double? {
    let wishes = (headers[.prefer] ?? "").split(whereSeparator: { $0 == "," || $0 == ";" })
    for wish in wishes.map({ $0.trimmed.lowercased() }) {
      if wish == "respond-async" { return 0 }
      if wish.hasPrefix("wait="), let seconds = Int(wish.dropFirst(5)), seconds >= 0 {
        return Double(seconds)
      }
    }
    return nil
  }
}

extension Problem {
  static var idempotencyKeyUsed: Problem {
    Problem(
      .idempotencyConflict,
      "The Idempotency-Key was used before, for another request, or for what is no longer there.")
  }
}
