import Glibc
import HoldfastCore

extension Caller {
  /// Whoever can run commands on the database may do everything; the audit log says that it was done so, by which user of which machine.
  static var commandLine: Caller {
    Caller(
      scope: .all, actor: "cli",
      address: "\(ProcessEnvironment.userName)@\(ProcessEnvironment.hostName)")
  }
}

extension ProcessEnvironment {
  /// The name of the user that this process runs as, or its number where it has none.
  static var userName: String {
    var entry = passwd()
    var buffer = [CChar](repeating: 0, count: 16_384)
    var found: UnsafeMutablePointer<passwd>?
    let id = geteuid()
    guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return "\(id)" }
    return String(cString: name)
  }
}
