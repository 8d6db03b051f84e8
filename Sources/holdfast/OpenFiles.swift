import Glibc
import Logging

/// The files that this process may have open; connections count among them.
enum OpenFiles {
  /// What is kept for everything but streams of events: other connections, the database, runners.
  private static let reserve: rlim_t = 2048

  /// Raises the soft limit as far as so many streams ask for, and may.
  ///
  /// - Returns: how many streams there is room for.
  static func streams(wanted: Int, _ logger: Logger) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return wanted
    }
    let needed = rlim_t(wanted) + reserve
    if limit.rlim_cur < needed {
      limit.rlim_cur = min(needed, limit.rlim_max)
      // What could not be raised is as it was, and there are fewer streams.
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    guard limit.rlim_cur < needed else { return wanted }
    let room = Int(max(limit.rlim_cur / 2, limit.rlim_cur - min(limit.rlim_cur, reserve)))
    logger.notice(
      "fewer streams of events than event_streams allows: the limit on open files is low",
      metadata: ["streams": "\(room)", "open_files": "\(limit.rlim_cur)"])
    return min(wanted, room)
  }
}
