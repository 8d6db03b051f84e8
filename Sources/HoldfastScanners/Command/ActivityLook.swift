import CHoldfastSystem

/// Tells a program that works in silence from one that hangs: processor time and bytes of all its processes, from one look to the next.
struct ActivityLook {
  private var last: UInt64?
  private var lastAt = -Double.infinity
  private let proc = hf_proc_open()
  private let table = UnsafeMutableBufferPointer<hf_process>.allocate(capacity: 16_384)

  /// Looks cost a pass over `/proc`, and are made no more often.
  private static let pauseSeconds = 1.0

  /// Whether anything has happened since the last look; a first look has nothing to compare with.
  mutating func hasMoved(_ child: ProgramGuard, at now: Double) -> Bool {
    guard proc >= 0, now - lastAt >= Self.pauseSeconds else { return false }
    lastAt = now
    let sum = child.activity(table, proc: proc)
    defer { last = sum }
    return last.map { $0 != sum } ?? false
  }
}
