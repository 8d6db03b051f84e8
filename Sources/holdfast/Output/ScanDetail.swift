import HoldfastCore

/// One scan in full, as a list of names and values.
enum ScanDetail {
  static func lines(_ scan: Scan, terminal: Terminal) -> [String] {
    let title = "Scan \(scan.number)  \(DisplayText.escaped(scan.target))"
    let facts = facts(scan).filter { !$0.value.isEmpty }
    let width = facts.map { DisplayText.width(of: $0.name) }.max() ?? 0
    return [terminal.style(title, .bold)]
      + facts.map { fact in
        let name = terminal.style(DisplayText.padded(fact.name, to: width), .dim)
        let style = fact.name == "status" ? ScanView.style(of: scan.status) : nil
        let value = DisplayText.escaped(fact.value)
        return "  \(name)  \(style.map { terminal.style(value, $0) } ?? value)"
      }
  }

  private struct Fact {
    var name: String
    var value: String
  }

  private static func facts(_ scan: Scan) -> [Fact] {
    func time(_ time: Timestamp?) -> String { time.map { ScanView.localTime($0) } ?? "" }
    return [
      Fact(name: "id", value: "\(scan.id)"),
      Fact(name: "kind", value: scan.kind),
      Fact(name: "scope", value: scan.scope ?? ""),
      Fact(name: "status", value: status(scan)),
      Fact(name: "suspected", value: suspicion(scan)),
      Fact(name: "verdict", value: scan.verdict?["sentence"]?.stringValue ?? ""),
      Fact(name: "progress", value: scan.progress.map(progress) ?? ""),
      Fact(name: "at", value: scan.status.isActive ? scan.progress?.current ?? "" : ""),
      Fact(name: "waiting for", value: scan.waitingFor ?? ""),
      Fact(name: "changes", value: ScanView.changesInWords(scan.counts)),
      Fact(name: "errors", value: Quantity.grouped(scan.counts.errors)),
      Fact(name: "message", value: scan.message ?? scan.progressMessage ?? ""),
      Fact(name: "error", value: scan.errorMessage ?? ""),
      Fact(name: "reason", value: scan.cleanupReason ?? ""),
      Fact(name: "attempt", value: scan.attempt > 0 ? "\(scan.attempt)" : ""),
      Fact(name: "crashes", value: scan.crashes > 0 ? "\(scan.crashes)" : ""),
      Fact(name: "stuck", value: scan.stuckAttempts > 0 ? "\(scan.stuckAttempts)" : ""),
      Fact(name: "worker", value: scan.workerName ?? ""),
      Fact(name: "submitted", value: by(time(scan.createdAt), scan.createdBy)),
      Fact(name: "started", value: time(scan.startedAt)),
      Fact(name: "last activity", value: time(scan.lastActivityAt)),
      Fact(name: "checkpoint", value: time(scan.checkpointAt)),
      Fact(name: "ended", value: time(scan.endedAt)),
      Fact(name: "parameters", value: compact(scan.params)),
      Fact(name: "summary", value: compact(scan.summary)),
      Fact(name: "priority", value: scan.priority == 0 ? "" : "\(scan.priority)"),
    ]
  }

  private static func status(_ scan: Scan) -> String {
    guard let requested = scan.requestedAction else { return scan.status.rawValue }
    return "\(scan.status.rawValue) (\(requested.rawValue) requested)"
  }

  private static func suspicion(_ scan: Scan) -> String {
    guard let suspicion = scan.suspicion else { return "" }
    let since = scan.suspectedAt.map { "since \(ScanView.localTime($0)): " } ?? ""
    let share = suspicion["probability"]?.doubleValue.map { " (probability \($0))" } ?? ""
    return since + (suspicion["sentence"]?.stringValue ?? "") + share
  }

  private static func by(_ time: String, _ actor: String?) -> String {
    actor.map { "\(time) by \($0)" } ?? time
  }

  static func progress(_ progress: Progress) -> String {
    var text = Quantity.grouped(progress.done)
    if let total = progress.total {
      text += " of \(progress.isEstimate ? "about " : "")\(Quantity.grouped(total))"
    }
    text += " \(progress.unit)"
    if let percentage = progress.percentage { text += " (\(percentage) %)" }
    if progress.bytes > 0 { text += ", \(Quantity.bytes(progress.bytes))" }
    if !progress.step.isEmpty { text += ", \(progress.step)" }
    return text
  }

  /// Nothing for an empty object.
  static func compact(_ value: JSONValue) -> String {
    if value == .object([:]) || value == .null { return "" }
    do {
      return try JSONText.of(value, pretty: false)
    } catch {
      return error.title
    }
  }
}
