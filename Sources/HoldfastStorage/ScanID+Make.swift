import Glibc
package import HoldfastCore

extension ScanID {
  /// A new id from this machine's clock and its source of randomness.
  ///
  /// The time in it only keeps ids made one after the other together in the database's index; nothing compares it with
  /// another clock.
  package static func make() -> ScanID {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var generator = SystemRandomNumberGenerator()
    return ScanID(
      unixMilliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000,
      random: (generator.next(), generator.next()))
  }
}
