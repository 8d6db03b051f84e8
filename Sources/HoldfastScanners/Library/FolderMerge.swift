import CHoldfastSystem
import Glibc
import HoldfastCore

/// Takes the content of one baseline part, segment by segment.
protocol PartConsumer: AnyObject {
  func consume(_ segment: [UInt8])
  /// All segments have been consumed, or there are none. Reports, and counts the folder as done, unless the scan is to stop.
  func finish()
}

/// Compares a folder as it is now with its listing of the previous scan, name by name, and reports what is different.
final class FolderMerge: PartConsumer {
  private let context: LibraryContext
  private let task: FolderTask
  private let snapshot: FolderSnapshot
  /// The folder's place in the baseline; `nil` for a folder that is new.
  private let slot: Int?
  private var report: FolderReport
  private var cursor = 0
  private var isFirstSegment = true
  private var isForeign = false
  private var isUnsettled = false
  /// Opened when the first content is to be hashed.
  private var folder: Int32 = -1

  init(_ task: FolderTask, _ snapshot: FolderSnapshot, slot: Int?, _ context: LibraryContext) {
    self.context = context
    self.task = task
    self.snapshot = snapshot
    self.slot = slot
    report = FolderReport(
      folder: task.keyPath, sum: snapshot.fingerprint, identifiesByHash: context.identifiesByHash,
      waitsForHashes: context.rules.hash, output: context.output)
    snapshot.sort()
  }

  deinit { if folder >= 0 { close(folder) } }

  var partID: Baseline.PartID { Hash128(of: task.keyPath).partID }
  /// Bytes of memory that it holds while it waits.
  var cost: Int { snapshot.cost }

  func consume(_ segment: [UInt8]) {
    segment.withUnsafeBytes { bytes in
      guard var listing = ListingReader(bytes) else { return }
      // Two paths with one hash: not to be expected in the life of the universe, and cheap to look at.
      if isFirstSegment { isForeign = listing.folder != task.keyPath }
      isFirstSegment = false
      if isForeign { return }
      while !context.shouldStop, let old = listing.next() { take(old) }
    }
  }

  private func take(_ old: ListedFile) {
    while cursor < snapshot.count {
      let order = compareBytes(snapshot.name(at: cursor), old.name)
      if order > 0 { break }
      cursor += 1
      if order == 0 { return compare(cursor - 1, with: old) }
      compare(cursor - 1, with: nil)
    }
    missing(old)
  }

  func finish() {
    while cursor < snapshot.count, !context.shouldStop {
      cursor += 1
      compare(cursor - 1, with: nil)
    }
    if context.shouldStop { return }
    report.finish(isInBaseline: slot != nil, isUnsettled: isUnsettled)
    context.output.append(snapshot.errors.bytes, to: .errors)
    context.workList.complete(task, tally: snapshot.tally, slot: slot)
  }

  private func missing(_ old: ListedFile) {
    snapshot.tally.missing += 1
    report.missing(old)
  }

  private func compare(_ index: Int, with old: ListedFile?) {
    let form = snapshot.form(at: index)
    guard form != .unreadable else { return keep(old) }
    var new = ListedFile(name: snapshot.name(at: index), facts: snapshot.facts(at: index))
    if let old, old.facts == new.facts, old.hash != nil || !context.rules.hash {
      new.hash = old.hash
      return report.keep(new)
    }
    if context.rules.hash, !hash(&new, isLink: form == .linked, old) { return }
    guard let old else { return report.change(.added, new, from: nil) }
    if isSame(new, old) {
      snapshot.tally.touched += old.facts == new.facts ? 0 : 1
      report.keep(new)
    } else {
      report.change(.updated, new, from: old)
    }
  }

  /// Whether the content is the same, as far as can be told: by its hashes, else by everything but the time of the last change
  /// of its status.
  private func isSame(_ new: ListedFile, _ old: ListedFile) -> Bool {
    if let hash = new.hash, let before = old.hash { return hash == before }
    return new.facts.differsOnlyInChangeTime(from: old.facts)
  }

  /// What cannot be looked at stays as it was.
  private func keep(_ old: ListedFile?) {
    if let old { report.keep(old, mustBeHashed: false) }
  }

  /// - Returns: false if the file is not to be reported as it was found; what is to be said instead has been said.
  private func hash(_ file: inout ListedFile, isLink: Bool, _ old: ListedFile?) -> Bool {
    if folder < 0 { folder = context.root.open(task.path, flags: Int32(HF_O_PATH) | O_DIRECTORY) }
    let path = joined(task.path, file.name)
    let outcome: ContentHash.Outcome =
      folder < 0
      ? .gone
      : ContentHash(context).hash(folder: folder, path: path, name: file.name, isLink: isLink)
    switch outcome {
    case .hashed(let hash, let facts):
      file.hash = hash
      file.facts = facts
      return true
    case .restless(let facts):
      file.facts = facts
      isUnsettled = true
      return true
    case .stopped: return false
    case .gone:
      drop(file)
      snapshot.fail(
        .fileNotFound, folder: task.keyPath, name: file.name,
        "The file disappeared before its content could be read.")
      if let old { missing(old) }
    case .swapped:
      leave(file, old)
      snapshot.fail(
        .pathTraversal, folder: task.keyPath, name: file.name,
        "The file was replaced by a link or something else while it was scanned.")
    case .unreadable(let error):
      leave(file, old)
      snapshot.fail(
        .permissionDenied, folder: task.keyPath, name: file.name,
        "The file cannot be read: \(error.text).")
    }
    return false
  }

  private func leave(_ file: ListedFile, _ old: ListedFile?) {
    drop(file)
    snapshot.tally.kept += 1
    isUnsettled = true
    keep(old)
  }

  /// Takes back what was counted when the folder was read.
  private func drop(_ file: ListedFile) {
    snapshot.tally.files -= 1
    snapshot.tally.bytes -= Int64(clamping: file.facts.size)
  }
}
