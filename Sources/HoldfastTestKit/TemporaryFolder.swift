package import Foundation

/// A folder of its own for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
  /// The absolute path, links resolved.
  package let path: String

  package var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

  /// - Parameter prefix: the start of the folder's name, so that a leftover tells where it is from.
  package init(prefix: String = "holdfast-test") throws {
    let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    let template = "\(base)/\(prefix)-XXXXXX"
    var bytes = Array(template.utf8CString)
    guard mkdtemp(&bytes) != nil else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: template])
    }
    path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path of something in it.
  package func path(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    // A folder that a test has made unreadable stays behind in the system's temporary folder; no test depends on its removal.
    try? FileManager.default.removeItem(atPath: path)
  }
}

extension TemporaryFolder {
  /// The names in it, sorted.
  package func contents() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
