import CHoldfastSystem
import Glibc
import HoldfastCore

/// Takes in the folders that links lead to, under the links' own paths.
///
/// It goes through the real folders once more, for their links alone, one after the other in the order of their names. So it does not depend
/// on chance which link has a folder that several lead to: through links each real folder is entered once, by the
/// first. A link to a folder that it lies in itself is a loop and is passed over, and links found behind a link are their real folder's
/// business.
final class LinkFollower {
  private let context: LibraryContext
  private let visitor: FolderVisitor
  private let reader: FolderReader
  private var entered: Set<Identity> = []

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  init(_ context: LibraryContext, _ merges: MergeQueue) {
    self.context = context
    visitor = FolderVisitor(context, merges)
    reader = FolderReader(context)
  }

  func run() {
    var pending: [[UInt8]] = [[]]
    while let path = pending.popLast(), !context.shouldStop {
      guard let names = reader.names(of: FolderTask(token: 0, path: path)) else { continue }
      for link in names.links.split(separator: 0) where !context.shouldStop {
        follow(Array(link), in: path)
      }
      for folder in names.folders.split(separator: 0).reversed() {
        pending.append(joined(path, folder))
      }
    }
  }

  private func follow(_ name: [UInt8], in folder: [UInt8]) {
    let path = joined(folder, name)
    let isExcluded = name.withUnsafeBytes {
      context.rules.excludes(folder: folder, name: $0, isFolder: true)
    }
    guard !isExcluded, let target = target(of: name, in: folder, path: path),
      !MountTable.isAt(folder, orBelow: target), !target.isEmpty
    else { return }
    var extra = Tally()
    let depth = FolderTask(token: 0, path: path).depth
    if depth == 1 { extra.categories = 1 }
    if depth == 2 { extra.courses = 1 }
    enter(target, as: path, extra)
  }

  /// The real path, below the root, of the folder that the link leads to.
  private func target(of name: [UInt8], in folder: [UInt8], path: [UInt8]) -> [UInt8]? {
    let parent = context.root.open(folder, flags: Int32(HF_O_PATH) | O_DIRECTORY)
    guard parent >= 0 else { return nil }
    defer { close(parent) }
    let target = withCString(name) {
      context.links.open(
        folder: parent, path: path, name: $0, flags: Int32(HF_O_PATH) | O_DIRECTORY)
    }
    guard target >= 0 else { return nil }
    defer { close(target) }
    let root = context.root.realPath
    guard let real = RootFolder.path(of: target), MountTable.isAt(real, orBelow: root) else {
      return nil
    }
    return Array(real.dropFirst(root.count).drop { $0 == UInt8(ascii: "/") })
  }

  private func enter(_ target: [UInt8], as path: [UInt8], _ extra: Tally) {
    var extra = extra
    var pending = [FolderTask(token: 0, path: target, keyPath: path)]
    while let task = pending.popLast(), !context.shouldStop {
      guard isFirstVisit(task.path) else { continue }
      let names = visitor.visit(task, extra: extra) ?? []
      extra = Tally()
      for name in names.split(separator: 0).reversed() {
        pending.append(
          FolderTask(
            token: 0, path: joined(task.path, name), keyPath: joined(task.keyPath, name)))
      }
    }
  }

  private func isFirstVisit(_ path: [UInt8]) -> Bool {
    let folder = context.root.open(path, flags: Int32(HF_O_PATH) | O_DIRECTORY)
    // What cannot be opened is for the visit itself to report.
    guard folder >= 0 else { return true }
    defer { close(folder) }
    var facts = hf_file()
    guard hf_stat(folder, "", &facts) == 0 else { return true }
    return entered.insert(Identity(device: facts.device, inode: facts.inode)).inserted
  }
}
