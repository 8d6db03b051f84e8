import Glibc
import HoldfastCore

/// How scans look to people.
enum ScanView {
  static let columns: [Table.Column] = [
    Table.Column("ID", right: true), Table.Column("STATUS"), Table.Column("KIND"),
    Table.Column("TARGET", minimum: 12, keeping: .end), Table.Column("DONE", right: true),
    Table.Column("CHANGES", minimum: 7), Table.Column("ERRORS", right: true),
    Table.Column("STARTED"), Table.Column("TOOK", right: true),
  ]

  static func row(_ scan: Scan) -> [Table.Cell] {
    [
      Table.Cell("\(scan.number)"),
      scan.suspicion == nil
        ? Table.Cell(scan.status.rawValue, style(of: scan.status))
        : Table.Cell("suspected", .yellow),
      Table.Cell(scan.kind), Table.Cell(scan.target), Table.Cell(done(scan)),
      Table.Cell(changes(scan.counts)),
      Table.Cell(Quantity.grouped(scan.counts.errors), scan.counts.errors > 0 ? .yellow : nil),
      Table.Cell(scan.startedAt.map { localTime($0) } ?? ""), Table.Cell(took(scan)),
    ]
  }

  static func style(of status: ScanStatus) -> Terminal.Style? {
    switch status {
    case .pending: .dim
    case .running: .cyan
    case .paused: .blue
    case .completed: .green
    case .partial: .yellow
    case .failed: .red
    case .cancelled: .dim
    }
  }

  /// `63 %`, or the count while the total is not known.
  private static func done(_ scan: Scan) -> String {
    guard let progress = scan.progress else { return "" }
    if let percentage = progress.percentage { return "\(percentage) %" }
    return Quantity.grouped(progress.done)
  }

  /// `+150 ~10 -5 →2`; nothing where nothing changed.
  static func changes(_ counts: ItemCounts) -> String {
    let parts = [
      ("+", counts.added), ("~", counts.updated), ("-", counts.removed), ("→", counts.moved),
      ("", counts.found),
    ]
    return parts.filter { $0.1 > 0 }.map { $0.0 + Quantity.grouped($0.1) }.joined(separator: " ")
  }

  /// `150 added, 10 updated`; “no changes” where nothing changed.
  static func changesInWords(_ counts: ItemCounts) -> String {
    let parts = [
      ("added", counts.added), ("updated", counts.updated), ("removed", counts.removed),
      ("moved", counts.moved), ("found", counts.found),
    ]
    let said = parts.filter { $0.1 > 0 }.map { "\(Quantity.grouped($0.1)) \($0.0)" }
    return said.isEmpty ? "no changes" : said.joined(separator: ", ")
  }

  private static func took(_ scan: Scan) -> String {
    guard let start = scan.startedAt else { return "" }
    guard let end = scan.endedAt ?? scan.lastActivityAt else { return "" }
    return Quantity.duration(seconds: end.seconds(since: start))
  }

  /// In this machine's time zone: `2026-08-23 06:45:00`.
  static func localTime(_ time: Timestamp) -> String {
    var seconds = time_t(time.unixMilliseconds / 1000)
    var fields = tm()
    guard localtime_r(&seconds, &fields) != nil else { return "\(time)" }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return
      "\(fields.tm_year + 1900)-\(two(fields.tm_mon + 1))-\(two(fields.tm_mday)) "
      + "\(two(fields.tm_hour)):\(two(fields.tm_min)):\(two(fields.tm_sec))"
  }

  /// One sentence on how a scan ended, or where it stands.
  static func outcome(_ scan: Scan) -> String {
    var text = "Scan \(scan.number) \(verb(scan.status))"
    if scan.status.isTerminal, let start = scan.startedAt, let end = scan.endedAt {
      text += " in \(Quantity.duration(seconds: end.seconds(since: start)))"
    }
    if let progress = scan.progress, progress.done > 0 {
      text += ": \(Quantity.grouped(progress.done)) \(DisplayText.escaped(progress.unit))"
    }
    text += "; \(changesInWords(scan.counts))"
    let errors = scan.counts.errors
    if errors > 0 { text += "; \(Quantity.grouped(errors)) error\(errors == 1 ? "" : "s")" }
    if let error = scan.errorMessage { text += ": \(DisplayText.escaped(error))" }
    return text.hasSuffix(".") ? text : text + "."
  }

  private static func verb(_ status: ScanStatus) -> String {
    switch status {
    case .pending: "is in the queue"
    case .running: "is running"
    case .paused: "is paused"
    case .completed: "completed"
    case .partial: "completed partially"
    case .failed: "failed"
    case .cancelled: "was cancelled"
    }
  }
}

extension ExitStatus {
  /// What a command that waits for a scan ends with.
  init(_ status: ScanStatus) {
    self =
      switch status {
      case .completed: .success
      case .partial: .partial
      case .failed: .failed
      case .cancelled: .cancelled
      case .pending, .running, .paused: .notYet
      }
  }
}
