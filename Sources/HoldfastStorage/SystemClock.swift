import Glibc
import HoldfastCore

extension Timestamp {
  /// This machine's clock, which is the database's where the database is SQLite.
  static func systemNow() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(
      unixMilliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}

func fileExists(_ path: String) -> Bool {
  access(path, F_OK) == 0
}
