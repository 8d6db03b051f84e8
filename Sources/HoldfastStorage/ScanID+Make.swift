package import HoldfastCore

extension ScanID {
  /// A new id from this machine's clock and its source of randomness.
  ///
  /// The time in it only keeps ids made one after the other together in the database's index; nothing compares it with
  /// another clock.
  package static func make() -> ScanID {
    var generator = SystemRandomNumberGenerator()
    return ScanID(
      unixMilliseconds: Timestamp.systemNow().unixMilliseconds,
      random: (generator.next(), generator.next()))
  }
}
