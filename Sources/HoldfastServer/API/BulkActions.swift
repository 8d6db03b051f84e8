import HoldfastCore
import HoldfastStorage

/// An operator's action on many scans: one way for the API and the pages.
struct BulkActions: Sendable {
  let store: any ScanStore

  /// How many scans one request acts on.
  static let most = 1000

  /// What can be done to many at once.
  static let actions: [OperatorAction] = [
    .cancel, .fail, .pause, .requeue, .reset, .resume, .retry, .revert,
  ]

  struct Refusal: Sendable, Encodable {
    var number: Int64
    var why: String
  }

  /// What became of each scan.
  struct Outcome: Sendable {
    var done: [Int64] = []
    /// Their workers have been asked, and will do it.
    var requested: [Int64] = []
    var refused: [Refusal] = []
  }

  /// The newest first, as many as one request acts on; whether there are more.
  func candidates(
    _ filter: ScanFilter, of caller: Caller
  ) async throws(StoreError) -> (scans: [Scan], more: Bool) {
    let store = store.seen(by: caller)
    var scans: [Scan] = []
    var cursor: String?
    repeat {
      let page = try await store.scans(filter, cursor: cursor, limit: 500)
      scans += page.items
      cursor = page.nextCursor
    } while cursor != nil && scans.count < Self.most
    return (Array(scans.prefix(Self.most)), cursor != nil || scans.count > Self.most)
  }

  /// One by one: what has moved since it was found is refused, and the others are still meant.
  ///
  /// - Throws: ``StoreError`` where the database itself cannot be asked any more.
  func act(
    _ action: OperatorAction, on scans: [Scan], reason: String?, for caller: Caller
  ) async throws -> Outcome {
    var outcome = Outcome()
    for scan in scans {
      do {
        switch try await ScanActions(store: store).act(
          action, on: scan, reason: reason, for: caller)
        {
        case .done: outcome.done.append(scan.number)
        case .requested: outcome.requested.append(scan.number)
        }
      } catch let problem as Problem {
        outcome.refused.append(.init(number: scan.number, why: problem.detail))
      }
    }
    return outcome
  }
}
