/// Why a test stopped waiting.
package struct WaitedTooLong: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

/// Looks every few milliseconds until `look` gives a value, and returns it.
///
/// - Throws: ``WaitedTooLong`` when it has not within `limit`, and whatever `look` throws.
package func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(30),
  every interval: Duration = .milliseconds(5), _ look: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try await look() { return value }
    guard ContinuousClock.now < deadline else {
      throw WaitedTooLong(description: "waited \(limit) for \(what)")
    }
    try await Task.sleep(for: interval)
  }
}
