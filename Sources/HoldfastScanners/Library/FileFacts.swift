import CHoldfastSystem
import HoldfastCore

/// What a listing keeps of one file beside its name: what decides whether it is the same as before.
struct FileFacts: Hashable, Sendable {
  var size: UInt64
  var modified: Int64
  var changed: Int64
  var inode: UInt64

  init(size: UInt64, modified: Int64, changed: Int64, inode: UInt64) {
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
  }

  init(_ file: hf_file) {
    self.init(
      size: file.size, modified: file.mtime_ns, changed: file.ctime_ns, inode: file.inode)
  }

  /// The same but for the time of the last change of its status: renamed and back, other rights, another link.
  func differsOnlyInChangeTime(from other: FileFacts) -> Bool {
    size == other.size && modified == other.modified && inode == other.inode
  }

  var modifiedAt: Timestamp {
    let milliseconds = modified >= 0 ? modified / 1_000_000 : (modified - 999_999) / 1_000_000
    return Timestamp(unixMilliseconds: milliseconds)
  }
}

/// One file of an earlier listing.
struct ListedFile {
  var name: UnsafeRawBufferPointer
  var facts: FileFacts
  var hash: Hash128?
}
