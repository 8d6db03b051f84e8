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
  /// What policies promise that came later than this library: a server's come with its scans.
  private let laterRates = Mutex<Set<Double>>([])

  /// Records that the database keeps of each kind: as many as a model has scores, and some for its
  /// scales.
  package static let kept = 5000
  /// What is new is asked for so often.
  static let refreshSeconds = 15.0
  private static let pageSize = 500
  private static let mostLaterRates = 16

  /// - Parameter rates: all that policies promise.
  package init(store: any RhythmStore, rates: Set<Double>, logger: Logger) {
    self.store = store
    self.logger = logger
    book = Mutex(RhythmBook(rates: rates))
  }

  /// Learns from what has come since the last time. Where the database does not answer, what is
  /// known goes on to hold.
  package func refresh() async {
    takeLaterRates()
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

  /// Begins anew where there is a rate to be learned for.
  private func takeLaterRates() {
    let later = laterRates.withLock { $0 }
    book.withLock { book in
      guard !later.isSubset(of: book.rates) else { return }
      book = RhythmBook(rates: book.rates.union(later))
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
    if book.withLock({ !$0.rates.contains(rate) }) {
      laterRates.withLock { rates in
        // A server with more of them than that is none of Holdfast's.
        if rates.count < Self.mostLaterRates { rates.insert(rate) }
      }
    }
    return AttemptWatch.Expectation(
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
