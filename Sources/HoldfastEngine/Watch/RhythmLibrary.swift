import HoldfastCore
package import HoldfastStorage
package import Logging
import Synchronization

/// What finished scans have taught, read from the database and kept up to date: one for all parts of
/// a process.
package final class RhythmLibrary: Sendable {
  private let store: any RhythmStore
  private let logger: Logger
  private let book: Mutex<RhythmBook>

  /// Records that the database keeps of each kind: as many as a model has scores, and some for its
  /// scales.
  package static let kept = 5000
  /// What is new is asked for so often.
  static let refreshSeconds = 15.0
  private static let pageSize = 500

  /// - Parameter rates: all that policies promise.
  package init(store: any RhythmStore, rates: Set<Double>, logger: Logger) {
    self.store = store
    self.logger = logger
    book = Mutex(RhythmBook(rates: rates))
  }

  /// Learns from what has come since the last time. Where the database does not answer, what is
  /// known goes on to hold.
  package func refresh() async {
    do throws(StoreError) {
      while true {
        let page = try await store.rhythms(
          after: book.withLock(\.lastID), limit: Self.pageSize)
        await learn(page)
        if page.count < Self.pageSize { return }
      }
    } catch {
      logger.debug("what scans have taught cannot be read", metadata: ["error": "\(error)"])
    }
  }

  @concurrent private func learn(_ records: [RhythmRecord]) async {
    book.withLock { book in for record in records { book.learn(record) } }
  }

  /// Forgets what is too old to count.
  package func prune() async throws(StoreError) {
    try await store.pruneRhythms(keeping: Self.kept)
  }

  package func usualRatePerSecond(kind: String, target: String) -> Double? {
    book.withLock { $0.usualRatePerSecond(kind: kind, target: target) }
  }

  /// What is usual for scans of this target.
  func expectation(kind: String, target: String, rate: Double) -> AttemptWatch.Expectation {
    AttemptWatch.Expectation(
      usualRatePerSecond: usualRatePerSecond(kind: kind, target: target)
    ) { signal, step in
      self.book.withLock {
        $0.limit(signal, kind: kind, target: target, step: step, rate: rate)
      }
    }
  }

  func probability(
    of doubt: AttemptWatch.Doubt, kind: String, target: String, rate: Double
  ) -> Double? {
    book.withLock {
      $0.probability(
        ofSilence: doubt.silenceSeconds, doubt.signal, kind: kind, target: target,
        step: doubt.step, rate: rate)
    }
  }
}
