/// Finds out from what a program writes how far it has come: the percentages and counts of progress bars and meters as pip, curl, wget, rsync,
/// tqdm, ffmpeg, cmake, ninja and pytest draw them, and the progress that terminals are told (`OSC 9;4`).
///
/// A number in a log line is not progress: a percentage counts where a line is drawn over again (with a carriage return), in brackets, or
/// beside a bar; a count where it stands in brackets, in a line that is drawn over again, or as “3 of 10”.
package struct OutputProgress: Sendable {
  package struct Reading: Sendable, Hashable {
    package var done: Int64
    package var total: Int64
    package var unit: String

    package init(done: Int64, total: Int64, unit: String) {
      self.done = done
      self.total = total
      self.unit = unit
    }

    static func percent(_ value: Double) -> Reading? {
      guard value >= 0, value <= 100 else { return nil }
      return Reading(done: Int64(value), total: 100, unit: "percent")
    }
  }

  /// The line that is not ended yet.
  private var rest: [UInt8] = []
  /// What ffmpeg says of its longest input, in seconds.
  private var duration: Double?

  /// No line of a progress bar is longer.
  private static let maxLineBytes = 2048

  package init() {}

  /// Reads on.
  ///
  /// - Parameters:
  ///   - isWhole: whether `text` follows what came before; if something between was left out, lines are not joined.
  /// - Returns: the newest progress in it; `nil` for none.
  package mutating func read(_ text: [UInt8], isWhole: Bool = true) -> Reading? {
    let all = (isWhole ? rest : []) + text
    var newest: Reading?
    var start = 0
    var wasRedrawn = false
    for (index, byte) in all.enumerated() {
      let isReturn = byte == UInt8(ascii: "\r")
      guard isReturn || byte == UInt8(ascii: "\n") else { continue }
      if index > start {
        let line = all[start..<index]
        newest =
          reading(of: line, isRedrawn: isReturn || wasRedrawn, isEnded: true) ?? newest
      }
      wasRedrawn = isReturn
      start = index + 1
    }
    let line = all[start...]
    if !line.isEmpty, line.count <= Self.maxLineBytes {
      newest = reading(of: line, isRedrawn: wasRedrawn, isEnded: false) ?? newest
    }
    // With what tells whether it is drawn over the line before.
    let kept = wasRedrawn && start > 0 ? start - 1 : start
    rest = all.count - kept <= Self.maxLineBytes ? Array(all[kept...]) : []
    return newest
  }

  // MARK: One line

  private mutating func reading(
    of bytes: ArraySlice<UInt8>, isRedrawn: Bool, isEnded: Bool
  ) -> Reading? {
    guard bytes.count <= Self.maxLineBytes else { return nil }
    if let told = Self.terminalProgress(in: bytes) { return told }
    guard bytes.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
    let line = OutputText.plain(bytes)
    if let found = media(line) { return found }
    if isRedrawn, let percent = Self.curlMeter(line) { return .percent(percent) }
    let counts = ProgressNumbers(line, isEnded: isEnded)
    let percent = counts.percent(anywhere: isRedrawn)
    if let count = counts.count(anywhere: isRedrawn) {
      guard let percent else { return count }
      // tqdm shows both; of rsync's “to-chk=169/396” the percentage is what counts.
      let share = Double(count.done) / Double(count.total) * 100
      if abs(share - percent) <= 1.5 { return count }
    }
    return percent.flatMap { .percent($0) }
  }

  /// `ESC ] 9 ; 4 ; state ; percent BEL`: states 1 (normal), 2 (error) and 4 (paused) have a percentage.
  private static func terminalProgress(in bytes: ArraySlice<UInt8>) -> Reading? {
    let mark: [UInt8] = [0x1B] + Array("]9;4;".utf8)
    guard let escape = bytes.lastRange(of: mark) else { return nil }
    let parameters = bytes[escape.upperBound...].prefix { $0 != 0x07 && $0 != 0x1B }
    guard parameters.endIndex < bytes.endIndex else { return nil }
    let fields = String(decoding: parameters, as: UTF8.self).split(separator: ";")
    guard fields.count == 2, ["1", "2", "4"].contains(fields[0]), let percent = Double(fields[1])
    else { return nil }
    return .percent(percent)
  }

  /// `Duration: 00:01:00.00` and later `time=00:00:04.92`.
  private mutating func media(_ line: String) -> Reading? {
    if let text = Self.word(after: "Duration: ", in: line), let seconds = Self.clock(text) {
      duration = max(duration ?? 0, seconds)
    }
    guard let duration, duration > 0, let text = Self.word(after: "time=", in: line),
      let seconds = Self.clock(text)
    else { return nil }
    return Reading(
      done: Int64(min(seconds, duration)), total: max(1, Int64(duration)), unit: "seconds")
  }

  private static func word(after mark: String, in line: String) -> Substring? {
    guard let found = line.firstRange(of: mark) else { return nil }
    return line[found.upperBound...].prefix { $0 != " " && $0 != "," }
  }

  private static func clock(_ text: Substring) -> Double? {
    let parts = text.split(separator: ":").map { Double($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2]
    else { return nil }
    return hours * 3600 + minutes * 60 + seconds
  }

  /// ` 45 10.0M   45 4608k    0     0  1234k      0  0:00:08  0:00:03  0:00:05 1234k`: curl's meter of twelve columns.
  private static func curlMeter(_ line: String) -> Double? {
    let columns = line.split(separator: " ")
    guard columns.count == 12, let percent = Double(columns[0]), columns[1] != "0",
      columns[8...10].allSatisfy({ $0.contains(":") })
    else { return nil }
    return percent
  }
}

extension ArraySlice<UInt8> {
  fileprivate func lastRange(of mark: [UInt8]) -> Range<Int>? {
    guard count >= mark.count else { return nil }
    for start in stride(from: endIndex - mark.count, through: startIndex, by: -1)
    where self[start] == mark[0] && self[start..<start + mark.count].elementsEqual(mark) {
      return start..<start + mark.count
    }
    return nil
  }
}
