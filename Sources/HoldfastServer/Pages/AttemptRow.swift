import HoldfastCore

/// One attempt of a scan, as its story tells of it.
struct AttemptRow: Sendable {
  var number: String
  var worker: String
  var started: ShownTime
  /// `nil` while it runs.
  var took: String?
  var end: String
  /// The colour of its end, as of ``TimelineEntry``.
  var tone: String

  /// The attempts of a story, the oldest first. An attempt ends with the first event that gives the scan another status.
  static func rows(_ events: [ScanEvent]) -> [AttemptRow] {
    var rows: [AttemptRow] = []
    var startedAt: Timestamp?
    for event in events {
      if event.eventType == EventType.claimed.rawValue {
        let data = event.eventData
        rows.append(
          AttemptRow(
            number: data["attempt"]?.intValue.map { "\($0)" } ?? "\(rows.count + 1)",
            worker: (data["worker"]?.stringValue ?? "–").visible,
            started: ShownTime(event.createdAt), took: nil, end: "Running", tone: "active"))
        startedAt = event.createdAt
      } else if let start = startedAt, Self.ends.contains(event.eventType) {
        let entry = TimelineEntry(event)
        let last = rows.count - 1
        rows[last].took = Words.duration(event.createdAt.seconds(since: start))
        rows[last].end = entry.text
        rows[last].tone = entry.tone
        startedAt = nil
      }
    }
    return rows
  }

  private static let ends: Set<String> = Set(
    [EventType.completed, .partial, .failed, .requeued, .paused, .cancelled].map(\.rawValue))
}
