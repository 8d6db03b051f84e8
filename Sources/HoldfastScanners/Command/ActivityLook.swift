import CHoldfastSystem

/// Tells a program that works in silence from one that hangs: processor time and bytes of all its processes, from one look to the next.
struct ActivityLook {
  private var last: ProgramGuard.Activity?
  /// The most bytes that it has moved beside what it wrote to its output, which is looked at by itself.
  private var mostBytes: Int64 = 0
  /// Whether all that it writes is a bar drawn over again: the little time that this takes is no sign of work.
  var isRedrawing = false
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

  /// Of a processor, what drawing a bar may take.
  private static let shareOfDrawing = 0.05
  private static let ticksPerSecond = 100.0

  /// Whether anything has happened since the last look; a first look has nothing to compare with.
  ///
  /// - Parameter output: how much has come of its outputs. It is asked after the processes, so that what comes meanwhile is not taken for
  ///   something else.
  mutating func hasMoved(
    _ child: ProgramGuard, at now: Double, output: () -> Int64
  ) -> Bool {
    guard proc >= 0, now - lastAt >= pauseSeconds else { return false }
    let elapsed = now - lastAt
    lastAt = now
    let activity = child.activity(table, proc: proc)
    let bytes = Int64(truncatingIfNeeded: activity.bytes) - output()
    defer { last = activity }
    guard let last, last.processes == activity.processes else {
      mostBytes = bytes
      return self.last != nil
    }
    if bytes > mostBytes {
      mostBytes = bytes
      return true
    }
    let spared = isRedrawing ? max(1, elapsed * Self.ticksPerSecond * Self.shareOfDrawing) : 0
    return Double(activity.ticks &- last.ticks) > spared
  }
}
