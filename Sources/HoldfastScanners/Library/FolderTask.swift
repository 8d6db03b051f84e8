/// One folder to be read.
struct FolderTask: Sendable, Hashable {
  /// What of it is still to do.
  enum Stage: UInt8, Sendable {
    /// Everything.
    case unread = 0
    /// Its own files; its folders are in the work list already.
    case filesOnly = 1
  }

  /// Names the task within this process.
  var token: UInt64
  /// Where it is opened: below the root, without links.
  var path: [UInt8]
  /// Under which path its files are reported: another than `path` where a followed link leads here.
  var keyPath: [UInt8]
  var stage: Stage

  init(token: UInt64, path: [UInt8], keyPath: [UInt8]? = nil, stage: Stage = .unread) {
    self.token = token
    self.path = path
    self.keyPath = keyPath ?? path
    self.stage = stage
  }

  /// 0 for the root, 1 for a category, 2 for a course.
  var depth: Int {
    keyPath.isEmpty ? 0 : 1 + keyPath.count { $0 == UInt8(ascii: "/") }
  }
}
