import CHoldfastSystem
import Glibc
import HoldfastCore

/// The guard between this runner and a program, as the runner holds it: it starts the program, tells of its end, and ends all that the
/// program has started.
struct ProgramGuard {
  enum Event {
    case started(processID: Int32)
    case refused(code: Int32, isFolder: Bool)
    case exited(ProgramEnd.Exit)
    /// Nothing of it is left.
    case gone(ProgramUsage)
  }

  /// Becomes readable when there is an event.
  let control: Int32
  private let processID: pid_t
  private let group: ControlGroupOfProgram?

  struct Failure: Error {
    var code: Int32
  }

  /// - Parameters:
  ///   - environment: the whole of it.
  ///   - streams: the program's input, output and error output; the caller closes its own.
  init(
    _ program: ProgramSpec, environment: [String: String],
    streams: (input: Int32, output: Int32, error: Int32)
  ) throws(Failure) {
    var control: Int32 = -1
    let variables = environment.map { "\($0.key)=\($0.value)" }
    let group = ControlGroupOfProgram()
    self.group = group
    let started = Self.withCStrings(program.command) { arguments in
      Self.withCStrings(variables) { variables in
        Self.withOptionalCString(program.folder) { folder in
          Self.withOptionalCString(group?.path) { group in
            var command = hf_guard_command(
              arguments: arguments, environment: variables, folder: folder, input: streams.input,
              output: streams.output, error: streams.error, group: group,
              linger_milliseconds: Int64(min(program.killAfterSeconds, 86_400) * 1000))
            return hf_guard_start(&command, &control)
          }
        }
      }
    }
    guard started > 0 else { throw Failure(code: -started) }
    processID = started
    self.control = control
  }

  /// Waits for the next event; `nil` once the guard is gone.
  func next() -> Event? {
    var event = hf_guard_event()
    guard hf_guard_next(control, &event) == 1 else { return nil }
    switch Int(event.type) {
    case Int(HF_GUARD_STARTED): return .started(processID: event.pid)
    case Int(HF_GUARD_REFUSED):
      return .refused(code: event.value, isFolder: Int(event.stage) == Int(HF_STAGE_FOLDER))
    case Int(HF_GUARD_EXITED):
      return .exited(event.stage == 1 ? .signal(Int(event.value)) : .status(Int(event.value)))
    default:
      var usage = ProgramUsage(
        cpuSeconds: Double(event.cpu_microseconds) / 1e6, maxMemoryBytes: event.max_resident_bytes,
        readBytes: event.read_bytes, writtenBytes: event.written_bytes)
      group?.add(to: &usage)
      return .gone(usage)
    }
  }

  /// Sends a signal to the program's process group.
  func signal(_ number: Int32) {
    _ = hf_guard_ask(control, Int32(HF_GUARD_SIGNAL), number)
  }

  /// Kills what a dead guard has left.
  func killWhatIsLeft() {
    group?.kill()
    hf_end_descendants()
  }

  /// Kills the program and all that it has started.
  func kill() {
    _ = hf_guard_ask(control, Int32(HF_GUARD_KILL), 0)
  }

  /// Lets go of it, and of what it left if it was killed itself.
  func end(isGone: Bool) {
    close(control)
    group?.kill()
    if isGone { waitpid(processID, nil, 0) } else { hf_end_descendants() }
    group?.end()
  }

  /// What the processes below the guard have used so far: numbers that grow while they do anything.
  struct Activity {
    /// Of processor time.
    var ticks: UInt64 = 0
    /// Read and written, from and to whatever.
    var bytes: UInt64 = 0
    /// Which processes there are, in one number.
    var processes: UInt64 = 0
  }

  func activity(_ table: UnsafeMutableBufferPointer<hf_process>, proc: Int32) -> Activity {
    let count = hf_proc_all(proc, table.baseAddress, table.count)
    let processes = table.prefix(max(0, min(count, table.count)))
    var below: Set<Int32> = [processID]
    var sum = Activity()
    // Parents have smaller numbers than their children, but where numbers have begun anew.
    for _ in 0..<2 {
      for process in processes where below.contains(process.parent) { below.insert(process.pid) }
    }
    for process in processes where below.contains(process.pid) && process.pid != processID {
      var io = hf_process_io()
      if hf_proc_io(proc, process.pid, &io) == 0 { sum.bytes &+= io.read_any &+ io.written_any }
      sum.ticks &+= process.own_ticks &+ process.reaped_ticks
      sum.processes &+= UInt64(process.pid)
    }
    return sum
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    copies.append(nil)
    defer { copies.forEach { free($0) } }
    return copies.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("the array holds a null") }
      return body(base)
    }
  }

  private static func withOptionalCString<R>(
    _ string: String?, _ body: (UnsafePointer<CChar>?) -> R
  ) -> R {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
  }
}
