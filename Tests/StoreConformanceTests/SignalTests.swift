import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct SignalTests {
  /// Waits for ticks of a channel until `condition` holds, so that an early or a shared tick does no harm.
  private func awaitTick(
    _ store: SQLStore, _ channel: SignalChannel, when action: () async throws -> Void,
    until condition: @escaping @Sendable () async throws -> Bool
  ) async throws {
    let ticks = store.signals(channel)
    let isSeen = Task {
      for await _ in ticks where try await condition() { return true }
      return false
    }
    try await action()
    let deadline = Task {
      try await Task.sleep(for: .seconds(20))
      isSeen.cancel()
    }
    #expect(try await isSeen.value, "no tick of \(channel)")
    deadline.cancel()
  }

  @Test(arguments: TestedDatabase.allCases)
  func otherStoresHearOfChanges(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let other = try await fixture.secondStore()
    let request = ScanRequest.sample()
    try await awaitTick(other, .queue) {
      try await fixture.submit(request)
    } until: {
      try await other.scan(.id(request.id)) != nil
    }
    let life = try await fixture.worker()
    try await awaitTick(other, .events) {
      _ = try await fixture.store.claim(request.id, for: life)
    } until: {
      try await other.scan(.id(request.id))?.status == .running
    }
    try await awaitTick(other, .control) {
      _ = try await fixture.store.act(.cancel, on: request.id, by: "a", reason: nil)
    } until: {
      try await other.scan(.id(request.id))?.requestedAction == .cancel
    }
    // Its own changes, too.
    let next = ScanRequest.sample()
    try await awaitTick(fixture.store, .queue) {
      try await fixture.submit(next)
    } until: {
      try await fixture.store.scan(.id(next.id)) != nil
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func closingEndsTheStreams(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let ticks = fixture.store.signals(.queue)
    let listening = Task { for await _ in ticks {} }
    await fixture.store.close()
    await listening.value
    for await _ in fixture.store.signals(.queue) {}
    await fixture.store.close()
  }

  @Test func handMadeChangesAreHeard() async throws {
    let fixture = try await Fixture(.postgres)
    let claim = try await fixture.running()
    let store = fixture.store
    try await awaitTick(store, .control) {
      try await fixture.shell("UPDATE scan_lock SET is_locked = FALSE WHERE id = 1;")
    } until: {
      try await store.scan(.id(claim.scan.id))?.status == .failed
    }
  }
}
