import HoldfastCore

/// Reads folders and settles each: unchanged, new, or to be compared with its old listing. Each thread has its own.
final class FolderVisitor {
  private let context: LibraryContext
  private let merges: MergeQueue
  private let reader: FolderReader
  private var snapshot = FolderSnapshot()

  init(_ context: LibraryContext, _ merges: MergeQueue) {
    self.context = context
    self.merges = merges
    reader = FolderReader(context)
  }

  /// - Returns: the folders in it, each followed by a zero byte; `nil` if it could not be read.
  @discardableResult
  func visit(_ task: FolderTask, extra: Tally = Tally()) -> [UInt8]? {
    let place = context.trace.enter(task.keyPath)
    let outcome = reader.read(task, into: snapshot)
    context.trace.leave(place)
    snapshot.tally += extra
    switch outcome {
    case .stopped: return nil
    case .read:
      if task.keyPath.isEmpty, isSuspiciouslyEmpty {
        context.fail(
          "The root is empty, and held \(context.previousFiles) files at the previous scan. Nothing "
            + "was removed. If that is right, scan again with --allow-removal (allow_removal).")
        return nil
      }
      let names = snapshot.folders.sorted()
      settle(task, names)
      return names
    case .unreadable(let error):
      if task.keyPath.isEmpty { context.fail("The root cannot be read: \(error.text).") }
    case .gone, .escaped:
      if task.keyPath.isEmpty { context.fail("The root disappeared while it was scanned.") }
    }
    if task.path != task.keyPath { context.keepBelow(task.keyPath) }
    context.output.append(snapshot.errors.bytes, to: .errors)
    context.workList.complete(task, tally: snapshot.tally, slot: nil)
    return nil
  }

  private var isSuspiciouslyEmpty: Bool {
    snapshot.rawEntries == 0 && context.previousFiles > 0 && !context.rules.allowRemoval
  }

  private func settle(_ task: FolderTask, _ names: [UInt8]) {
    let slot = context.index.slot(of: Hash128(of: task.keyPath))
    let isUnchanged =
      if let slot {
        FolderFingerprint.matches(
          context.index.fingerprint(at: slot), sum: snapshot.fingerprint,
          wantsHashes: context.rules.hash)
      } else {
        snapshot.count == 0
      }
    if isUnchanged {
      context.output.append(snapshot.errors.bytes, to: .errors)
      context.workList.complete(task, tally: snapshot.tally, slot: slot, names: names)
      return
    }
    context.workList.found(names, in: task)
    let merge = FolderMerge(task, snapshot, slot: slot, context)
    snapshot = FolderSnapshot()
    if slot == nil { merge.finish() } else { merges.add(merge) }
  }
}
