import Glibc
import HoldfastCore

/// Whether somebody is there to run a scan, or this command must bring a worker along.
enum LiveWorkers {
  /// What is known of this host.
  struct Host: Sendable {
    var name: String
    var bootID: String
    /// Whether a process with this id, started at these clock ticks, runs.
    var isRunning: @Sendable (_ processID: Int32, _ startTicks: UInt64) -> Bool

    static let current = Host(
      name: ProcessEnvironment.hostName, bootID: ProcessEnvironment.bootID,
      isRunning: { ProcessEnvironment.isRunning($0, startTicks: $1) })
  }

  /// The workers that take scans of `kind` and are alive: their heartbeat is fresh by the
  /// database's clock and, on this host, their process is there.
  static func of(
    _ workers: [WorkerRecord], kind: String, now: Timestamp, host: Host
  ) -> [WorkerRecord] {
    workers.filter { worker in
      guard worker.status == "alive" else { return false }
      guard worker.kinds.isEmpty || worker.kinds.contains(kind) else { return false }
      let silence = now.seconds(since: worker.lastHeartbeatAt)
      guard !worker.isSilent(for: silence) else { return false }
      guard worker.host == host.name, !host.bootID.isEmpty else { return true }
      return worker.bootID == host.bootID
        && host.isRunning(worker.processID, worker.processStartTicks)
    }
  }
}

extension LiveWorkers {
  /// Who runs a scan of a kind that no worker of Holdfast's own takes.
  static func waitsForProgram(_ scan: Scan) -> String {
    "Scan \(scan.number) waits for a program that claims scans of the kind “\(scan.kind)” from "
      + "`holdfast serve` over HTTP."
  }
}

extension ProcessEnvironment {
  /// Whether the process that started at `startTicks` (clock ticks after boot; 0 if unknown) still
  /// runs.
  static func isRunning(_ processID: Int32, startTicks: UInt64) -> Bool {
    // What cannot be read is not there, or not ours to judge: `kill` tells the two apart.
    guard let stat = try? readFile("/proc/\(processID)/stat") else {
      return kill(processID, 0) == 0 || errno == EPERM
    }
    // The command's name, in brackets, may hold anything; the fields after it may not.
    guard let bracket = stat.lastIndex(of: ")") else { return false }
    let fields = stat[stat.index(after: bracket)...].split(separator: " ")
    // The state is field 3, the start time field 22.
    guard fields.count > 19, fields[0] != "Z" else { return false }
    return startTicks == 0 || UInt64(fields[19]) == startTicks
  }
}
