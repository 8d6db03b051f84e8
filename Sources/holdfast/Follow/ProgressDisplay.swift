import HoldfastCore

/// Shows a scan's progress on standard error: one line drawn again and again on a terminal,
/// elsewhere a plain line now and then.
struct ProgressDisplay: Sendable {
  private let terminal: Terminal
  private var meter = ProgressMeter()
  private var isLineOpen = false
  private var lastPlain: (text: String, status: ScanStatus, attempt: Int, seconds: Double)?

  /// Elsewhere than on a terminal, a line of progress is printed at most this often; changes of the
  /// status at once.
  private let plainIntervalSeconds = 10.0

  init(terminal: Terminal) {
    self.terminal = terminal
  }

  /// - Parameter seconds: from any fixed moment, by a steady clock.
  mutating func show(_ scan: Scan, seconds: Double) {
    meter.look(at: scan, seconds: seconds)
    if terminal.isInteractive {
      // One column stays free: a terminal that wraps at its last column would leave half a line
      // behind.
      let columns = max(1, (terminal.columns ?? 80) - 1)
      terminal.write("\r\u{1b}[2K" + ProgressText.bar(scan, meter, columns: columns))
      isLineOpen = true
      return
    }
    let text = ProgressText.line(scan, meter)
    if let last = lastPlain, last.status == scan.status, last.attempt == scan.attempt {
      guard seconds - last.seconds >= plainIntervalSeconds, text != last.text else { return }
    }
    terminal.write(text + "\n")
    lastPlain = (text, scan.status, scan.attempt, seconds)
  }

  /// Says something beside the progress, on a line of its own.
  mutating func say(_ text: String) {
    clear()
    terminal.write(text + "\n")
  }

  mutating func ask(_ question: String) {
    clear()
    terminal.write(question)
    isLineOpen = true
  }

  mutating func clear() {
    if isLineOpen { terminal.write("\r\u{1b}[2K") }
    isLineOpen = false
  }
}
