import HoldfastCore

/// A running scan in one line: for a terminal as wide as it is, and for a log.
enum ProgressText {
  /// `#42 running  ███████░░░░░  63 %  31,200 of 49,000 entries  12,345/s  0:03 left  …/doc/zip`,
  /// as much as fits.
  static func bar(_ scan: Scan, _ meter: ProgressMeter, columns: Int) -> String {
    let head = "#\(scan.number) \(scan.status.rawValue)"
    guard let progress = scan.progress, scan.status == .running else {
      let note = scan.waitingFor ?? scan.progressMessage ?? ""
      return DisplayText.truncated(
        note.isEmpty ? head : "\(head)  \(DisplayText.escaped(note))", to: columns)
    }
    var parts = [head]
    if let percentage = progress.percentage { parts.append("\(percentage) %") }
    parts.append(counted(progress))
    if let rate = meter.rate { parts.append("\(Quantity.grouped(Int64(rate)))/s") }
    if let left = meter.secondsLeft(progress) {
      parts.append("\(Quantity.duration(seconds: left)) left")
    }
    var used = DisplayText.width(of: parts.joined(separator: "  "))
    if let percentage = progress.percentage, columns - used >= barColumns + 2 {
      parts.insert(drawn(percentage), at: 1)
      used += barColumns + 2
    }
    let what = scan.waitingFor.map { "waiting for \($0)" } ?? progress.current ?? progress.step
    if !what.isEmpty, columns - used > 12 {
      parts.append(
        DisplayText.truncated(
          DisplayText.escaped(what), to: columns - used - 2, keeping: .end))
    }
    return DisplayText.truncated(parts.joined(separator: "  "), to: columns)
  }

  /// `scan 42 running: 31,200 of 49,000 entries (63 %), 12,345/s, 0:03 left`
  static func line(_ scan: Scan, _ meter: ProgressMeter) -> String {
    var text = "scan \(scan.number) \(scan.status.rawValue)"
    guard scan.status == .running else {
      return scan.waitingFor.map { "\(text): \(DisplayText.escaped($0))" } ?? text
    }
    guard let progress = scan.progress else {
      return "\(text) (attempt \(scan.attempt))"
    }
    text += ": \(counted(progress))"
    if let percentage = progress.percentage { text += " (\(percentage) %)" }
    if let rate = meter.rate { text += ", \(Quantity.grouped(Int64(rate)))/s" }
    if let left = meter.secondsLeft(progress) {
      text += ", \(Quantity.duration(seconds: left)) left"
    }
    return text
  }

  private static let barColumns = 20

  private static func drawn(_ percentage: Int) -> String {
    let full = min(barColumns, max(0, percentage * barColumns / 100))
    return String(repeating: "█", count: full) + String(repeating: "░", count: barColumns - full)
  }

  private static func counted(_ progress: Progress) -> String {
    let unit = DisplayText.escaped(progress.unit)
    guard let total = progress.total else { return "\(Quantity.grouped(progress.done)) \(unit)" }
    let about = progress.isEstimate ? "about " : ""
    return "\(Quantity.grouped(progress.done)) of \(about)\(Quantity.grouped(total)) \(unit)"
  }
}
