import FoundationEssentials
package import HoldfastCore
package import HoldfastStorage
import NIOCore
import NIOHTTP1

extension RemoteStore: RhythmStore {
  package func rhythms(after: Int64, limit: Int) async throws(StoreError) -> [RhythmRecord] {
    guard let worker else { throw .unavailable("the worker has not registered yet") }
    let answer = try await caller.send(
      .GET, "/api/v1/workers/\(worker)/rhythms?after=\(after)&limit=\(limit)",
      Optional<RemoteWelcome>.none, seconds: Self.timeoutSeconds)
    guard answer.status == 200 else { throw caller.failure(answer) }
    let page: RemoteRhythms = try await decoded(answer)
    return page.rhythms
  }

  /// The server forgets for itself.
  package func pruneRhythms(keeping count: Int) async throws(StoreError) {}
}
