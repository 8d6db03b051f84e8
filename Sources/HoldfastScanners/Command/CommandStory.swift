import HoldfastCore

/// How far a program has come, from what it says of itself, from the progress that it draws, and, where it does neither, from the lines that
/// it writes.
struct CommandStory {
  private var output = OutputProgress()
  private var errors = OutputProgress()
  private var drawn: OutputProgress.Reading?
  private var lines: Int64 = 0
  private var bytes: Int64 = 0
  /// Of those, what was there when it last got any further.
  private var countedBytes: Int64 = 0
  /// Of a program that draws one bar after the other, which one it is.
  private var part = 1
  private var step = "running"
  private var told: Progress?
  private(set) var status: String?

  /// - Parameter news: of the output and of the error output.
  /// - Returns: whether it got any further, as far as its output tells: many programs draw their bar over and over again while they wait
  ///   for what never comes.
  @discardableResult
  mutating func read(_ news: [OutputFeed.News]) -> Bool {
    let before = (bytes: bytes, lines: lines, drawn: drawn)
    lines = news.map(\.lines).reduce(0, +)
    bytes = news.map(\.bytes).reduce(0, +)
    guard bytes != before.bytes, news.count == 2 else { return false }
    let fromOutput = output.read(news[0].text, isWhole: news[0].isWhole)
    let fromErrors = errors.read(news[1].text, isWhole: news[1].isWhole)
    if let reading = fromErrors ?? fromOutput { draw(reading) }
    let isRedrawn =
      drawn != nil && drawn == before.drawn && lines == before.lines
      && news.allSatisfy { $0.isWhole && ($0.text.isEmpty || $0.text.contains(0x0D)) }
    if !isRedrawn { countedBytes = bytes }
    return !isRedrawn
  }

  private mutating func draw(_ reading: OutputProgress.Reading) {
    // Counts only grow within a step: a bar that begins anew is the next one's.
    if let last = drawn, last.unit != reading.unit || reading.done < last.done { part += 1 }
    drawn = reading
  }

  mutating func told(_ notification: Notification) {
    if notification.isReady { step = "ready" }
    if notification.isStopping { step = "stopping" }
    guard let status = notification.status else { return }
    self.status = status
    // “Completed 66% of file system check…” is an example of its manual page.
    var reader = OutputProgress()
    if let reading = reader.read(Array("\r\(status)\r".utf8)) { draw(reading) }
  }

  mutating func told(_ progress: Progress, _ message: String?) {
    told = progress
    status = message ?? status
  }

  /// Nothing where the program reports its progress itself.
  func progress() -> Progress? {
    guard told == nil else { return nil }
    let step = part > 1 ? "\(self.step), part \(part)" : self.step
    if let drawn {
      return Progress(
        done: drawn.done, total: drawn.total, unit: drawn.unit, bytes: countedBytes, step: step)
    }
    return Progress(done: lines, unit: "lines", bytes: countedBytes, step: step)
  }
}
