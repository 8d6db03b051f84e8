import CHoldfastSystem

/// Tells a program that works in silence from one that hangs: processor time and bytes of all its processes, from one look to the next.
struct ActivityLook {
  private var last: UInt64?
  private var lastAt = -Double.infinity
  private let proc = hf_proc_open()
  private let table = UnsafeMutableBufferPointer<hf_process>.allocate(capacity: 16_384)

  /// Looks cost a pass over `/proc`, and are made no more often than that, unless the silence allowed is short.
  private static let longestPauseSeconds = 1.0
  private let pauseSeconds: Double

  /// - Parameter silence: the silence that is allowed; `nil` for any.
  init(silence: Double?) {
    pauseSeconds = min(Self.longestPauseSeconds, max(0.2, (silence ?? .infinity) / 8))
  }

  /// Whether anything has happened since the last look; a first look has nothing to compare with.
  mutating func hasMoved(_ child: ProgramGuard, at now: Double) -> Bool {
    guard proc >= 0, now - lastAt >= pauseSeconds else { return false }
    lastAt = now
    let sum = child.activity(table, proc: proc)
    defer { last = sum }
    return last.map { $0 != sum } ?? false
  }
}
