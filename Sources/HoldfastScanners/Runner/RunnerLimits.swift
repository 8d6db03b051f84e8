import CHoldfastSystem
import Glibc

/// The fence around a runner, which reads what strangers wrote: limits that its worker sets through the environment, no new
/// privileges, and an end together with its worker's.
enum RunnerLimits {
  /// What could not be set up. A runner without its fence does not run.
  struct Failure: Error, Hashable, CustomStringConvertible {
    var description: String
  }

  static func apply() throws(Failure) {
    signal(SIGPIPE, SIG_IGN)
    hf_close_from(Attachment.firstFreeDescriptor)
    // Data, not address space: what is mapped and never touched costs nothing, and what the program keeps is data.
    try limit("HOLDFAST_LIMIT_MEMORY_BYTES", RLIMIT_DATA)
    // The soft limit sends SIGXCPU, which ends the process and says why; the hard one, a little later, kills.
    try limit("HOLDFAST_LIMIT_CPU_SECONDS", RLIMIT_CPU, hardMargin: 5)
    try limit("HOLDFAST_LIMIT_FILE_SIZE_BYTES", RLIMIT_FSIZE)
    try limit("HOLDFAST_LIMIT_OPEN_FILES", RLIMIT_NOFILE)
    // What somebody typed may use `sudo` as it could without Holdfast before it; what reads strangers' input may not.
    if !Attachment.isAttached { try check(hf_no_new_privileges(), "give up new privileges") }
    let isKept = getenv("HOLDFAST_END_WITH_PARENT").map { String(cString: $0) } == "kill"
    let code = hf_end_with_parent(isKept ? 1 : 0)
    if code == 1 { throw Failure(description: "the worker is gone already") }
    try check(code, "ask to end with the worker")
  }

  private static func limit(
    _ name: String, _ resource: __rlimit_resource, hardMargin: rlim_t = 0
  ) throws(Failure) {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return }
    guard let wanted = rlim_t(text), wanted > 0 else {
      throw Failure(description: "\(name) is “\(text)”; it must be a whole number above 0")
    }
    let kind = Int32(bitPattern: resource.rawValue)
    var current = rlimit()
    getrlimit(__rlimit_resource_t(kind), &current)
    // An unprivileged process cannot raise its hard limit, and a stricter one that is there already stays.
    var new = rlimit(
      rlim_cur: min(wanted, current.rlim_max), rlim_max: min(wanted + hardMargin, current.rlim_max))
    if setrlimit(__rlimit_resource_t(kind), &new) != 0 { try check(-errno, "set \(name)") }
  }

  private static func check(_ code: Int32, _ what: String) throws(Failure) {
    guard code < 0 else { return }
    throw Failure(description: "cannot \(what): \(String(cString: strerror(-code)))")
  }
}
