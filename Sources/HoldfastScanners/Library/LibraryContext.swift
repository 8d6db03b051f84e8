import HoldfastCore
import Synchronization

/// What all threads of one library scan share.
final class LibraryContext: Sendable {
  let root: RootFolder
  let rules: LibraryRules
  let links: LinkJudge
  /// Folders below the root on which a file system was mounted at the previous scan, and is not now.
  let lostMounts: Set<[UInt8]>
  let index: BaselineIndex
  let workList: WorkList
  let output: RunnerOutput
  let live = LiveCounters()
  let trace: WalkTrace
  /// Files that the previous scan left in the library.
  let previousFiles: Int64
  /// Whether a moved file is recognised by its content's hash, which takes that both scans have it; else by inode, size and
  /// time.
  let identifiesByHash: Bool

  private let stopFlag = Atomic(false)
  private let ending = Mutex<(failure: String?, kept: Set<[UInt8]>)>((nil, []))

  init(
    root: RootFolder, rules: LibraryRules, lostMounts: Set<[UInt8]>, index: BaselineIndex,
    workList: WorkList, output: RunnerOutput, previousFiles: Int64, identifiesByHash: Bool,
    breadcrumbs: BreadcrumbWriter? = nil
  ) {
    trace = WalkTrace(breadcrumbs)
    self.root = root
    self.rules = rules
    links = LinkJudge(root: root)
    self.lostMounts = lostMounts
    self.index = index
    self.workList = workList
    self.output = output
    self.previousFiles = previousFiles
    self.identifiesByHash = identifiesByHash
  }

  var shouldStop: Bool { stopFlag.load(ordering: .relaxed) }
  var failure: String? { ending.withLock { $0.failure } }

  func stop() {
    stopFlag.store(true, ordering: .relaxed)
    workList.cancel()
  }

  /// Ends the scan as failed.
  func fail(_ message: String) {
    ending.withLock { $0.failure = $0.failure ?? message }
    stop()
  }

  /// Notes that what is below this path could not be looked at, where its path alone will not say so later: behind links.
  func keepBelow(_ path: [UInt8]) {
    ending.withLock { _ = $0.kept.insert(path) }
  }

  var keptPaths: Set<[UInt8]> { ending.withLock { $0.kept } }
}

/// What the walk has come past so far, in the middle of folders too: for the eye, never for the result.
final class LiveCounters: Sendable {
  private let entryCount = Atomic<Int64>(0)
  private let byteCount = Atomic<Int64>(0)
  private let hashedCount = Atomic<Int64>(0)

  var entries: Int64 { entryCount.load(ordering: .relaxed) }
  var bytes: Int64 { byteCount.load(ordering: .relaxed) }
  /// Bytes of content read. A scan that hashes one large file moves, although no entry is done.
  var hashed: Int64 { hashedCount.load(ordering: .relaxed) }

  func add(entries: Int64, bytes: Int64) {
    entryCount.add(entries, ordering: .relaxed)
    byteCount.add(bytes, ordering: .relaxed)
  }

  func add(hashed: Int64) { hashedCount.add(hashed, ordering: .relaxed) }
}
