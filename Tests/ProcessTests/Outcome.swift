import HoldfastCore
import HoldfastStorage

/// All that a scan leaves for its reader, without times, ids and how often it was tried: what must be the same however
/// often the scan was interrupted.
struct Outcome: Equatable {
  var status: ScanStatus
  var message: String?
  var errorMessage: String?
  var counts: ItemCounts
  var summary: JSONValue
  var progressDone: Int64?
  var items: [String: Item]
  var errors: [String: Set<String>]

  init(of scan: Scan, in store: some ScanStore) async throws {
    status = scan.status
    message = scan.message
    errorMessage = scan.errorMessage
    counts = scan.counts
    summary = scan.summary
    progressDone = scan.progress?.done
    items = [:]
    errors = [:]
    var cursor: String?
    repeat {
      let page = try await store.items(of: scan.id, change: nil, cursor: cursor, limit: 1000)
      for record in page.items { items[record.item.key] = record.item }
      cursor = page.nextCursor
    } while cursor != nil
    repeat {
      let page = try await store.errors(of: scan.id, cursor: cursor, limit: 1000)
      for record in page.items {
        errors[record.filePath, default: []].insert("\(record.errorType): \(record.errorMessage)")
      }
      cursor = page.nextCursor
    } while cursor != nil
  }

  /// What differs, short enough to read; empty if nothing does.
  func differences(from other: Outcome) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(_ what: String, _ path: KeyPath<Outcome, Value>) {
      let (own, others) = (self[keyPath: path], other[keyPath: path])
      if own != others { lines.append("\(what): \(own), not \(others)") }
    }
    compare("status", \.status)
    compare("message", \.message)
    compare("error message", \.errorMessage)
    compare("counts", \.counts)
    compare("summary", \.summary)
    compare("progress", \.progressDone)
    for key in Set(items.keys).union(other.items.keys).sorted() where items[key] != other.items[key]
    {
      lines.append("item \(key): \(describe(items[key])), not \(describe(other.items[key]))")
    }
    for path in Set(errors.keys).union(other.errors.keys).sorted()
    where errors[path] != other.errors[path] {
      lines.append("errors of \(path): \(errors[path] ?? []), not \(other.errors[path] ?? [])")
    }
    return Array(lines.prefix(20))
  }

  private func describe(_ item: Item?) -> String { item.map { "\($0)" } ?? "none" }
}
