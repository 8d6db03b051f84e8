import CHoldfastSystem
import Glibc
import Synchronization

/// Samples the activity of many runners' process trees in one pass.
///
/// The pass looks at the processor clock of every process of the machine, whatever the number of
/// runners, and reads `stat` of those that have run since the last; of the trees' own processes
/// that have run also their bytes and their open sockets; and asks the kernel once for all TCP
/// connections (sock_diag). Measured, optimised, on one core of a busy server, for 300 runners of
/// two processes, six threads and two connections: 7 ms a sample while they are idle, 30 ms if each
/// has run since the last; every 5 s, that is 0.14 and 0.6 % of a core.
///
/// What it cannot see: bytes of UDP and of local sockets outside `read` and `write`, connections of
/// another network namespace, and a process that between two samples both made itself a session and
/// lost its parent.
package final class ActivitySampler: Sendable {
  /// Descriptors of one process that are looked at for sockets.
  private static let mostDescriptors = 256

  private struct State {
    var census = CensusTaker()
    var trees: [ProcessIdentity: TreeActivity] = [:]
  }

  private let state = Mutex(State())
  private let thread = BlockingThread()
  private let isNetworkRead: Bool

  /// - Parameter isNetworkRead: whether to count the bytes of connections, the dearest part.
  package init(isNetworkRead: Bool = true) {
    self.isNetworkRead = isNetworkRead
  }

  /// Samples these trees, and forgets those it was asked for before and is not now. One that is new
  /// starts at zero.
  ///
  /// The reads block, so they happen on a thread of their own; `nil` for a tree where `/proc`
  /// cannot be read at all.
  package func sample(
    _ roots: [ProcessIdentity]
  ) async -> [ProcessIdentity: ActivitySample] {
    await thread.run { self.sampleBlocking(roots) }
  }

  /// Whoever has these process ids now; those that nobody has are missing.
  func identities(of processIDs: [Int32]) async -> [Int32: ProcessIdentity] {
    await thread.run {
      processIDs.reduce(into: [:]) { $0[$1] = ProcessIdentity.now($1) }
    }
  }

  /// The same on the calling thread.
  package func sampleBlocking(_ roots: [ProcessIdentity]) -> [ProcessIdentity: ActivitySample] {
    guard !roots.isEmpty else { return [:] }
    let traffic = isNetworkRead ? Self.traffic() : nil
    return state.withLock { state in
      // Without `/proc` nothing is known, which is what an empty answer says.
      guard let census = try? state.census.take() else { return [:] }
      let wanted = Set(roots)
      state.trees = state.trees.filter { wanted.contains($0.key) }
      var samples: [ProcessIdentity: ActivitySample] = [:]
      for root in wanted {
        samples[root] = Self.sample(
          root, census, traffic, isNetworkRead: isNetworkRead,
          &state.trees[root, default: TreeActivity()])
      }
      return samples
    }
  }

  private static func sample(
    _ root: ProcessIdentity, _ census: ProcessCensus,
    _ traffic: [UInt64: TreeActivity.Traffic]?, isNetworkRead: Bool,
    _ activity: inout TreeActivity
  ) -> ActivitySample {
    var gaps: Set<ActivitySample.Gap> = isNetworkRead && traffic == nil ? [.network] : []
    let tree = census.tree(of: root, known: activity.known)
    var connections: [UInt64: TreeActivity.Traffic] = [:]
    let members = tree.map { process in
      let member = member(
        process, before: activity.member(process.identity), isNetworkRead: traffic != nil)
      gaps.formUnion(member.gaps)
      for inode in member.sockets { connections[inode] = traffic?[inode] ?? connections[inode] }
      return member
    }
    activity.add(members, connections: connections)
    return ActivitySample(
      root: root, takenAtNanoseconds: monotonicNanoseconds(), counters: activity.counters,
      processes: tree.count,
      residentBytes: tree.reduce(0) {
        $0 + Int64(clamping: $1.resident_pages) * ProcFolder.pageBytes
      },
      isRootThere: census.contains(root), gaps: gaps)
  }

  private static func member(
    _ process: hf_process, before: TreeActivity.Member?, isNetworkRead: Bool
  ) -> TreeActivity.Member {
    let tick = 1_000_000_000 / ProcFolder.ticksPerSecond
    // The process's clock counts nanoseconds, `stat` hundredths of a second.
    let precise = hf_process_cpu_ns(process.pid)
    // A process that has not run since has moved no byte of its own and opened nothing.
    if let before, precise >= 0, precise == before.cpuNanoseconds { return before }
    var member = TreeActivity.Member(
      identity: process.identity, parent: process.parent,
      cpuNanoseconds: precise >= 0 ? precise : Int64(clamping: process.own_ticks) * tick,
      reapedNanoseconds: Int64(clamping: process.reaped_ticks) * tick)
    // One that ended since the census was taken is accounted for with the next.
    do throws(ProcError) {
      member.io = try ProcFolder.shared.io(process.pid)
    } catch {
      if error != .vanished { member.gaps.insert(.io) }
    }
    // A zombie has no descriptors.
    guard isNetworkRead, process.stateText != "Z" else { return member }
    do throws(ProcError) {
      member.sockets = try ProcFolder.shared.sockets(process.pid, most: mostDescriptors)
    } catch {
      if error != .vanished { member.gaps.insert(.network) }
    }
    return member
  }

  /// All TCP connections of this network namespace by their inode; `nil` where the kernel does not
  /// tell.
  private static func traffic() -> [UInt64: TreeActivity.Traffic]? {
    var block: UnsafeMutablePointer<hf_tcp_socket>?
    let count = hf_tcp_sockets(&block)
    guard count >= 0 else { return nil }
    defer { free(block) }
    let sockets = UnsafeBufferPointer(start: block, count: count)
    return Dictionary(
      sockets.map {
        ($0.inode, .init(received: Int64(clamping: $0.received), sent: Int64(clamping: $0.sent)))
      }
    ) { first, _ in first }
  }
}

/// Nanoseconds of the monotonic clock, the same for all processes of one boot.
func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
