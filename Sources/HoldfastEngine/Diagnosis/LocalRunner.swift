import CHoldfastSystem
package import HoldfastCore

/// Finds the process of an attempt on this machine without asking its worker.
///
/// The worker's row tells its process; its children have the breadcrumb files of its life mapped, beside which lies the file
/// named after the attempt, and in that the runner's process id.
package enum LocalRunner {
  /// - Returns: the runner and its breadcrumbs; `nil` where the worker or the runner is on another machine, gone, another user's,
  ///   or leaves no breadcrumbs. Blocks for milliseconds.
  package static func find(
    _ lease: Lease, attempt: Int, of worker: WorkerRecord
  ) -> (runner: ProcessIdentity, breadcrumbs: BreadcrumbFile)? {
    let here = LinuxProcess.current()
    guard here.host == worker.host, here.bootID == worker.bootID, !here.isGone(worker),
      let census = try? ProcessCensus.read()
    else { return nil }
    let children = census.processes.values.filter { $0.parent == worker.processID }
    let name = BreadcrumbFolder.Name(lease: lease, attempt: attempt).text
    for child in children {
      guard let folder = breadcrumbFolder(of: child.pid, life: worker.id) else { continue }
      let file = BreadcrumbFile(path: "\(folder)/\(name)")
      // The attempt's file is there or not, whichever child leads to its folder.
      guard let trail = try? file.harvest(),
        let runner = children.first(where: { $0.pid == trail.processID })
      else { return nil }
      return (runner.identity, file)
    }
    return nil
  }

  /// The folder of the breadcrumb file that a process has mapped.
  private static func breadcrumbFolder(of processID: Int32, life: String) -> String? {
    guard let maps = try? ProcFolder.shared.text("\(processID)/maps", limit: 1 << 20) else {
      return nil
    }
    for line in maps.split(separator: "\n") where line.contains("/breadcrumbs/\(life)/") {
      guard let start = line.firstIndex(of: "/"), let end = line.lastIndex(of: "/") else {
        continue
      }
      return String(line[start..<end])
    }
    return nil
  }
}
