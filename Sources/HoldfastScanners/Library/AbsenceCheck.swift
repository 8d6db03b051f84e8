import CHoldfastSystem
import Glibc
import HoldfastCore

/// Looks after the folders of the baseline that nobody came past. Their files are reported missing only if the folder is really not
/// there: not below one that cannot be read now, and not merely overlooked because the tree changed during the walk.
final class AbsenceCheck {
  private let context: LibraryContext
  private let fetcher: PartFetcher
  private var fates: [[UInt8]: Fate] = [:]

  enum Fate {
    case missing
    /// It cannot be told; everything stays as it was.
    case kept
    /// It is there.
    case present
  }

  private static let maxBatch = 1024
  /// What one answer is to bring, about.
  private static let batchBytes = 2 << 20

  init(_ context: LibraryContext, _ session: ScanSession) {
    self.context = context
    fetcher = PartFetcher(session: session, context: context)
  }

  func run() {
    let slots = context.workList.unseenSlots
    var position = 0
    // How large the listings are shows only when they come.
    var size = 8
    while position < slots.count, !context.shouldStop {
      let batch = slots[position..<min(position + size, slots.count)]
      let consumers = batch.map { slot in
        (context.index.id(at: slot), AbsentFolder(slot: slot, context, self) as any PartConsumer)
      }
      guard let bytes = fetcher.fetch(consumers) else { return }
      position += batch.count
      size = min(max(size * Self.batchBytes / max(bytes, 1), 1), min(size * 4, Self.maxBatch))
    }
  }

  func fate(of path: [UInt8]) -> Fate {
    if context.rules.excludes(path: path) { return .missing }
    let isBelowKept = { (kept: Set<[UInt8]>) in
      kept.contains { MountTable.isAt(path, orBelow: $0) }
    }
    if isBelowKept(context.lostMounts) || isBelowKept(context.keptPaths) { return .kept }
    var end = path.startIndex
    while end < path.endIndex {
      end = path[(end + 1)...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      let fate = look(Array(path[..<end]))
      if fate != .present { return fate }
    }
    return .present
  }

  private func look(_ path: [UInt8]) -> Fate {
    if let fate = fates[path] { return fate }
    let folder = context.root.open(path, flags: O_RDONLY | O_DIRECTORY)
    let fate: Fate =
      switch -folder {
      case ENOENT, ENOTDIR, ELOOP: .missing
      case 1...: .kept
      default: .present
      }
    if folder >= 0 { close(folder) }
    // Many absent folders lie below the same few; a bound keeps memory flat where they do not.
    if fates.count > 4096 { fates.removeAll() }
    fates[path] = fate
    return fate
  }
}

/// One folder of the baseline that nobody came past.
private final class AbsentFolder: PartConsumer {
  private let slot: Int
  private let context: LibraryContext
  private let check: AbsenceCheck
  private var fate = AbsenceCheck.Fate.missing
  private var path: [UInt8] = []
  private var report: FolderReport?
  private var merge: FolderMerge?
  private var tally = Tally()

  init(slot: Int, _ context: LibraryContext, _ check: AbsenceCheck) {
    self.slot = slot
    self.context = context
    self.check = check
  }

  func consume(_ segment: [UInt8]) {
    segment.withUnsafeBytes { bytes in
      guard var listing = ListingReader(bytes) else { return }
      if report == nil { begin(listing.folder) }
      if let merge { return merge.consume(segment) }
      while !context.shouldStop, let file = listing.next() {
        if fate == .kept {
          tally.kept += 1
        } else {
          tally.missing += 1
          report?.missing(file)
        }
      }
    }
  }

  private func begin(_ folder: [UInt8]) {
    path = folder
    fate = check.fate(of: folder)
    report = FolderReport(
      folder: folder, sum: .zero, identifiesByHash: context.identifiesByHash,
      waitsForHashes: false, output: context.output)
    guard fate == .present else { return }
    // It came, or came back, after the walk had passed.
    let task = FolderTask(token: 0, path: folder)
    let snapshot = FolderSnapshot()
    switch FolderReader(context).read(task, into: snapshot) {
    case .read: merge = FolderMerge(task, snapshot, slot: slot, context)
    case .stopped: break
    case .gone: fate = .missing
    case .unreadable, .escaped: fate = .kept
    }
  }

  func finish() {
    if let merge { return merge.finish() }
    if context.shouldStop { return }
    if fate == .missing { report?.finish(isInBaseline: true, isUnsettled: false) }
    context.workList.complete(FolderTask(token: 0, path: path), tally: tally, slot: slot)
  }
}
