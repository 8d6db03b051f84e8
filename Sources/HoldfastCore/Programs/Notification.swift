/// What a program tells its supervisor of itself (`sd_notify`): lines of `KEY=VALUE` in one datagram.
package struct Notification: Sendable, Hashable {
  package var isReady = false
  package var isStopping = false
  package var status: String?
  /// `WATCHDOG=1`: a sign of life.
  package var isAlive = false
  /// `WATCHDOG=trigger`: it knows itself that it hangs.
  package var isTriggered = false
  /// From now on a sign of life comes at least so often.
  package var watchdogSeconds: Double?
  /// It needs at least so much longer from now on.
  package var extendSeconds: Double?

  package init() {}

  /// Keys that this does not know are passed over, as the protocol wants.
  package init(_ text: [UInt8]) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = String(decoding: line[..<sign], as: UTF8.self)
      let value = OutputText.plain(line[line.index(after: sign)...])
      switch key {
      case "READY": isReady = value == "1"
      case "STOPPING": isStopping = value == "1"
      case "STATUS": status = String(value.prefix(300))
      case "WATCHDOG":
        isAlive = value == "1"
        isTriggered = value == "trigger"
      case "WATCHDOG_USEC": watchdogSeconds = Self.seconds(value)
      case "EXTEND_TIMEOUT_USEC": extendSeconds = Self.seconds(value)
      default: break
      }
    }
  }

  private static func seconds(_ microseconds: String) -> Double? {
    guard let value = UInt64(microseconds), value > 0 else { return nil }
    return Double(value) / 1e6
  }
}
