import HoldfastCore

/// One event of a scan's story, in words.
struct TimelineEntry: Sendable {
  /// The colour of its dot: `good`, `bad`, `warn`, `active`, `calm` or `plain`.
  var tone: String
  var text: String
  var detail: String?
  var at: ShownTime

  init(_ event: ScanEvent) {
    let data = event.eventData
    at = ShownTime(event.createdAt)
    (tone, text) = Self.sentence(event.eventType, data)
    let said = ["message", "error", "error_message"].compactMap { data[$0]?.stringValue }
    detail = said.first { !$0.isEmpty && $0 != text }?.visible
  }

  private static func sentence(
    _ type: String, _ data: JSONValue
  ) -> (tone: String, text: String) {
    let by = Self.text(data, "by", "actor", "created_by").map { " by \($0)" } ?? ""
    let reason = Self.text(data, "reason", "cleanup_reason").map { ": \(reasonWords($0))" } ?? ""
    switch EventType(rawValue: type) {
    case .submitted: return ("plain", "Submitted\(by)")
    case .claimed:
      let attempt = data["attempt"]?.intValue.map { "Attempt \($0) started" } ?? "Started"
      let worker = Self.text(data, "worker_name", "worker").map { " on \($0)" } ?? ""
      return ("active", attempt + worker)
    case .completed: return ("good", "Completed")
    case .partial:
      let count = data["errors"]?.intValue ?? data["errors_count"]?.intValue
      return (
        "warn",
        "Completed"
          + (count.map { " with \(Words.plural($0, "error", "errors"))" } ?? " with errors")
      )
    case .failed: return ("bad", "Failed\(reason)")
    case .requeued: return ("warn", "Back in the queue\(reason)")
    case .paused: return ("calm", "Paused\(by)")
    case .unpaused: return ("plain", "Resumed\(by)")
    case .cancelled: return ("bad", "Cancelled\(by)")
    case .retried: return ("plain", "Retried\(by)")
    case .cancelRequested: return ("calm", "Cancel asked for\(by)")
    case .pauseRequested: return ("calm", "Pause asked for\(by)")
    case .reverted: return ("plain", "Cleanup taken back\(by)")
    case .reset: return ("plain", "Reset to pending\(by)")
    case .failRequested: return ("calm", "Marking as failed asked for\(by)")
    case .requeueRequested: return ("calm", "Starting over asked for\(by)")
    case .lateResult: return ("warn", "A superseded attempt reported late; nothing was changed")
    case .verdict:
      let verdict = (data["verdict"]?.stringValue ?? "").replacing("_", with: " ")
      return ("warn", "Supervision: \(verdict.visible)")
    case .diagnosed:
      let found = (data["class"]?.stringValue ?? "unknown").replacing("_", with: " ")
      return ("plain", "Diagnosed: \(found.visible)")
    case .suspected: return ("warn", "Suspected: longer silent than scans like it ever are")
    case .suspicionWithdrawn: return ("plain", "Suspicion withdrawn: it moves")
    default: return ("plain", type.replacing("_", with: " ").visible)
    }
  }

  /// The first of these members that is a text with something in it.
  private static func text(_ data: JSONValue, _ names: String...) -> String? {
    names.lazy.compactMap { data[$0]?.stringValue }.first { !$0.isEmpty }?.visible
  }

  private static func reasonWords(_ name: String) -> String {
    switch Reason(rawValue: name) {
    case .heartbeatStale: "its heartbeat stopped"
    case .progressStalled: "it did not move any more"
    case .runtimeTimeout: "it ran out of time"
    case .pendingTimeout: "nobody took it in time"
    case .workerLost: "its worker was lost"
    case .workerRestarted: "its worker was started again"
    case .workerDrained: "its worker was asked to stop"
    case .runnerCrashed: "its runner died"
    case .orphanedLock: "its lock had no owner"
    case .manualIntervention: "an operator stepped in"
    default: name.replacing("_", with: " ").visible
    }
  }
}
