import CHoldfastSystem
import Glibc
import Synchronization

/// Samples the activity of many runners' process trees in one pass.
///
/// The pass reads `/proc/PID/stat` of every process once, whatever the number of runners; of the
/// trees' own processes also their processor clock, their bytes and their open sockets; and asks
/// the kernel once for all TCP connections (sock_diag). Measured for 300 runners beside 100 other
/// processes, on a processor of 2 GHz class: see `docs/decisions`.
///
/// What it cannot see: bytes of UDP and of local sockets outside `read` and `write`, connections of
/// another network namespace, and a process that between two samples both made itself a session and
/// lost its parent.
package final class ActivitySampler: Sendable {
  /// Descriptors of one process that are looked at for sockets.
  private static let mostDescriptors = 256

  private let trees = Mutex<[ProcessIdentity: TreeActivity]>([:])
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

  /// The same on the calling thread.
  package func sampleBlocking(_ roots: [ProcessIdentity]) -> [ProcessIdentity: ActivitySample] {
    guard !roots.isEmpty, let table = try? ProcessCensus.read() else {
      // Without `/proc` nothing is known, which is what an empty answer says.
      return [:]
    }
    let traffic = isNetworkRead ? Self.traffic() : nil
    return trees.withLock { trees in
      let wanted = Set(roots)
      trees = trees.filter { wanted.contains($0.key) }
      var samples: [ProcessIdentity: ActivitySample] = [:]
      for root in wanted {
        samples[root] = Self.sample(
          root, table, traffic, isNetworkRead: isNetworkRead,
          &trees[root, default: TreeActivity()])
      }
      return samples
    }
  }

  private static func sample(
    _ root: ProcessIdentity, _ table: ProcessCensus, _ traffic: [UInt64: TreeActivity.Traffic]?,
    isNetworkRead: Bool, _ activity: inout TreeActivity
  ) -> ActivitySample {
    var gaps: Set<ActivitySample.Gap> = isNetworkRead && traffic == nil ? [.network] : []
    let tree = table.tree(of: root, known: activity.known)
    var connections: [UInt64: TreeActivity.Traffic] = [:]
    let members = tree.map { process in
      if let traffic, !connect(process, traffic, &connections) { gaps.insert(.network) }
      return member(process, &gaps)
    }
    activity.add(members, connections: connections)
    return ActivitySample(
      root: root, takenAtNanoseconds: monotonicNanoseconds(), counters: activity.counters,
      processes: tree.count,
      residentBytes: tree.reduce(0) {
        $0 + Int64(clamping: $1.resident_pages) * ProcFolder.pageBytes
      },
      isRootThere: table.contains(root), gaps: gaps)
  }

  private static func member(
    _ process: hf_process, _ gaps: inout Set<ActivitySample.Gap>
  ) -> TreeActivity.Member {
    let tick = 1_000_000_000 / ProcFolder.ticksPerSecond
    // The process's clock counts nanoseconds, `stat` hundredths of a second.
    let precise = hf_process_cpu_ns(process.pid)
    let cpu = precise >= 0 ? precise : Int64(clamping: process.own_ticks) * tick
    var io: hf_process_io?
    do throws(ProcError) {
      io = try ProcFolder.shared.io(process.pid)
    } catch  where error != .vanished {
      gaps.insert(.io)
    } catch {
      // It ended since the pass; the next sample accounts for it.
    }
    return TreeActivity.Member(
      identity: process.identity, parent: process.parent, cpuNanoseconds: cpu,
      reapedNanoseconds: Int64(clamping: process.reaped_ticks) * tick, io: io)
  }

  /// Adds the connections of a process; `false` if its descriptors are kept from this one.
  private static func connect(
    _ process: hf_process, _ traffic: [UInt64: TreeActivity.Traffic],
    _ connections: inout [UInt64: TreeActivity.Traffic]
  ) -> Bool {
    // A zombie has no descriptors, and on a machine without connections nobody has one.
    if traffic.isEmpty || process.stateText == "Z" { return true }
    do throws(ProcError) {
      for inode in try ProcFolder.shared.sockets(process.pid, most: mostDescriptors) {
        connections[inode] = traffic[inode] ?? connections[inode]
      }
      return true
    } catch {
      return error == .vanished
    }
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
