import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

/// One library and its scans, one after the other.
final class LibraryHarness {
  let folder: TemporaryFolder
  var library = StoredLibrary()
  private(set) var scan = StoredScan()
  private(set) var finish = RunnerMessage.Finish(outcome: .failed)
  /// Where the root is, in the folder.
  var root = ""

  init() throws { folder = try TemporaryFolder() }

  var target: String { root.isEmpty ? folder.path : folder.path(root) }

  /// Scans once, without disturbance, and keeps what came of it.
  func scan(_ params: JSONValue = [:]) throws {
    let worker = FakeWorker(target, params: params, library: library)
    guard case .finished(let finish) = try worker.attempt() else { return }
    self.finish = finish
    scan = worker.scan
    library = worker.library
  }

  /// `+ path`, `~ path`, `- path`, `> from to`, `? path`, sorted.
  var changes: [String] {
    scan.items.values.map { item in
      switch item.change {
      case .added: "+ \(item.key)"
      case .updated: "~ \(item.key)"
      case .removed: "- \(item.key)"
      case .moved: "> \(item.data?["from"]?.stringValue ?? "") \(item.key)"
      case .missing, .found: "? \(item.key)"
      }
    }.sorted()
  }

  /// `type path`, sorted.
  var errors: [String] { scan.errors.keys.sorted() }
}
