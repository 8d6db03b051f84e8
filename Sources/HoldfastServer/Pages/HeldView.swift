import HoldfastCore

/// What supervision holds of a scan, what speaks for it, and what it could have been instead.
struct HeldView: Sendable {
  var sentence: String
  var verdict: String
  var evidence: [ScanView.Fact]
  var hasEvidence: Bool
  var lost: [ScanView.Fact]
  var hasLost: Bool

  /// - Parameters:
  ///   - verdict: as stored (``Verdict``).
  ///   - scan: the one that the page is about.
  init?(_ verdict: JSONValue?, of scan: Scan) {
    guard let verdict, let name = verdict["verdict"]?.stringValue else { return nil }
    self.verdict = Self.words(name)
    sentence = Words.sentence(verdict["sentence"]?.stringValue ?? "", of: scan)
    evidence = (verdict["evidence"]?.arrayValue ?? []).map { entry in
      .init(
        label: Self.words(entry["signal"]?.stringValue ?? ""),
        value: (entry["text"]?.stringValue ?? "").visible + Self.span(entry))
    }
    hasEvidence = !evidence.isEmpty
    lost = (verdict["lost"]?.arrayValue ?? []).map { entry in
      .init(
        label: "Not " + Self.words(entry["verdict"]?.stringValue ?? "").lowercased(),
        value: (entry["because"]?.stringValue ?? "").visible)
    }
    hasLost = !lost.isEmpty
  }

  /// ` (for 3 min, limit 10 min)`, as far as it is a matter of time.
  private static func span(_ entry: JSONValue) -> String {
    let parts = [
      entry["seconds"]?.doubleValue.map { "for \(Words.duration($0))" },
      entry["limit_seconds"]?.doubleValue.map { "limit \(Words.duration($0))" },
    ].compactMap { $0 }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
  }

  /// `stuck_pending` as `Stuck pending`
  static func words(_ name: String) -> String {
    let words = name.replacing("_", with: " ").visible
    return words.prefix(1).uppercased() + words.dropFirst()
  }
}

/// What was found out about a scan's process.
struct DiagnosisView: Sendable {
  var found: String
  var sentence: String
  var facts: [ScanView.Fact]
  var at: ShownTime?

  /// - Parameter diagnosis: as stored (``Diagnosis``), or as its event tells it.
  init?(_ diagnosis: JSONValue?, at time: Timestamp?) {
    guard let diagnosis, let name = diagnosis["class"]?.stringValue else { return nil }
    found = HeldView.words(name)
    // The sentence of a class may begin with its name, which the page puts ahead of it.
    let told = ((diagnosis["sentence"] ?? diagnosis["message"])?.stringValue ?? "").visible
    sentence = told.hasPrefix("\(found): ") ? String(told.dropFirst(found.count + 2)) : told
    facts = [
      ("Peer", "peer"), ("File", "file"), ("Signal", "signal"), ("Process", "pid"),
      ("Exit code", "exit_code"), ("Step", "step"), ("Last in", "current"),
      ("Waiting for", "waiting_for"),
    ].compactMap { label, name in
      let value = diagnosis[name]
      let text = value?.stringValue ?? value?.intValue.map { "\($0)" }
      return text.flatMap { $0.isEmpty ? nil : .init(label: label, value: $0.visible) }
    }
    at = time.map(ShownTime.init)
  }
}
