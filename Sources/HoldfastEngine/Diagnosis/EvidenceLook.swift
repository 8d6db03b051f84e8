import CHoldfastSystem

/// The first of two looks at a process tree: what each process had done by then.
package struct EvidenceLook: Sendable {
  struct Figures: Sendable {
    var cpuNanoseconds: Int64
    /// Bytes read and written by any way; `nil` where not permitted.
    var ioBytes: Int64?
    var diskBytes: Int64?

    /// Blocks for microseconds.
    static func read(_ processID: Int32) -> Figures {
      var figures = Figures(cpuNanoseconds: max(0, hf_process_cpu_ns(processID)))
      // A missing figure is what “not permitted” and “gone” are told as.
      if let io = try? ProcFolder.shared.io(processID) {
        figures.ioBytes = Int64(clamping: io.read_any &+ io.written_any)
        figures.diskBytes = Int64(clamping: io.read_disk &+ io.written_disk)
      }
      return figures
    }
  }

  var takenAtNanoseconds: Int64
  var figures: [ProcessIdentity: Figures]
}
