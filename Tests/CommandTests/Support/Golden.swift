import Foundation
import Testing

/// Compares what is generated with a file that is kept in the repository.
enum Golden {
  /// The folder of the package.
  static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  /// Expects the file `path` (from the package's folder) to hold `text`. With `HOLDFAST_RECORD=1`
  /// in the environment it writes the file instead, for a person to look at the difference.
  static func expect(
    _ text: String, at path: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let file = root.appendingPathComponent(path)
    if ProcessInfo.processInfo.environment["HOLDFAST_RECORD"] == "1" {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      return
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    guard kept != text else { return }
    let line = zip(
      kept.split(separator: "\n", omittingEmptySubsequences: false),
      text.split(separator: "\n", omittingEmptySubsequences: false)
    ).enumerated()
      .first { $0.element.0 != $0.element.1 }
    let difference =
      line.map { "line \($0.offset + 1): “\($0.element.0)” is now “\($0.element.1)”" }
      ?? "one is longer than the other"
    Issue.record(
      "\(path) is not what is generated now (\(difference)); HOLDFAST_RECORD=1 writes it anew",
      sourceLocation: sourceLocation)
  }

  /// The part of a document between two marks.
  static func section(of path: String, from start: String, to end: String) throws -> String {
    let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    let first = try #require(text.firstRange(of: start))
    let last = try #require(text[first.upperBound...].firstRange(of: end))
    return String(text[first.upperBound..<last.lowerBound])
  }
}
