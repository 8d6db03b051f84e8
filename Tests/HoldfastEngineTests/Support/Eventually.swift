import Testing

/// Looks until the condition holds; fails the test if it does not within the time.
func eventually(
  _ what: String, within: Duration = .seconds(60),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + within
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record("not within \(within): \(what)", sourceLocation: sourceLocation)
      throw Timeout(what: what)
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}

struct Timeout: Error {
  var what: String
}
