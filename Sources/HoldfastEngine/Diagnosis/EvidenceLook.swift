import CHoldfastSystem

/// The first of two looks at a process tree: what each process had done by then.
package struct EvidenceLook: Sendable {
  struct Figures: Sendable {
    var cpuNanoseconds: Int64
    /// Bytes read and written by any way; `nil` where not permitted.
    var ioBytes: Int64?
    var diskBytes: Int64?
    /// Time that its threads were ready to run and waited for a processor.
    var queuedNanoseconds: Int64 = 0

    /// Blocks for microseconds.
    static func read(_ processID: Int32) -> Figures {
      var figures = Figures(cpuNanoseconds: max(0, hf_process_cpu_ns(processID)))
      // A missing figure is what “not permitted” and “gone” are told as.
      if let io = try? ProcFolder.shared.io(processID) {
        figures.ioBytes = Int64(clamping: io.read_any &+ io.written_any)
        figures.diskBytes = Int64(clamping: io.read_disk &+ io.written_disk)
      }
      figures.queuedNanoseconds = queued(processID)
      return figures
    }

    /// The second number of each thread's `schedstat`; 0 where the kernel does not count it.
    private static func queued(_ processID: Int32) -> Int64 {
      let list = try? ProcFolder.shared.numbers("\(processID)/task", most: 64)
      return (list?.numbers ?? []).reduce(0) { sum, threadID in
        let text = try? ProcFolder.shared.text("\(processID)/task/\(threadID)/schedstat")
        let fields = text?.split(separator: " ") ?? []
        return sum + (fields.count > 1 ? Int64(fields[1]) ?? 0 : 0)
      }
    }
  }

  var takenAtNanoseconds: Int64
  var figures: [ProcessIdentity: Figures]
}
