import HoldfastCore

/// The part of `docs/configuration.md` on policies, out of the tables of fields and defaults.
enum PolicyReference {
  static var lines: [String] {
    head
      + ["| field | takes | \(kinds.joined(separator: " | ")) |"]
      + ["| --- | --- |" + String(repeating: " --- |", count: kinds.count)]
      + PolicyField.allCases.map(row) + [""]
      + PolicyField.allCases.flatMap { ["- `\($0.rawValue)`: \($0.documentation)"] } + [""]
  }

  private static let kinds = PolicyBook.kindNames

  private static func row(_ field: PolicyField) -> String {
    let defaults = kinds.map { Policy.default(for: $0)[field].description }
    return "| `\(field.rawValue)` | \(field.domainDescription) | "
      + defaults.joined(separator: " | ") + " |"
  }

  private static let head = [
    "## Policies", "",
    "Every limit of supervision is a field of a policy. A value comes from the kind's own defaults, then the",
    "`preset`, then the kind's entry under `policies`, then that of the `targets` whose pattern matches (`*` is any run",
    "of characters, `?` is one; of several, the last one written wins); the later one wins, field by field.",
    "`holdfast policy show KIND [TARGET]` prints what holds, from which line, and how long each fault can last at most.",
    "",
    "A scan keeps the `heartbeat_interval_seconds`, `stale_multiple` and `max_runtime_minutes` that held when it was submitted. In all",
    "else the process that leads the sweep judges by its own policies: give all processes of one database the same.",
    "",
  ]
}

extension PolicyField {
  /// What it decides, in a sentence.
  var documentation: String {
    switch self {
    case .heartbeatIntervalSeconds:
      "how often a running attempt's heartbeat is due; its worker beats so often."
    case .staleMultiple: "a heartbeat is stale after so many intervals without one."
    case .stallAfterSeconds: "how long an attempt may live without moving, declared waits left out."
    case .movement:
      "what counts as moving: `progress`, or `any` (processor time and bytes of its processes too)."
    case .maxRuntimeMinutes: "how long one attempt may take."
    case .deadlineSparesProgress:
      "whether an attempt that still moves goes on past its runtime limit."
    case .pendingTimeoutMinutes: "how long a scan that is due may wait for a worker."
    case .onPendingTimeout: "what is done then: `alert` reports it, `fail` fails it."
    case .cancellingTimeoutSeconds: "how long a worker may take to carry out a cancel or a pause."
    case .waitingCapMinutes:
      "how long declared waits may hold the stall clock between two signs of progress, together."
    case .exclusivity:
      "what at most one active scan may hold: its `target`, its whole `kind`, or `none`."
    case .onStuck:
      "`resume` from a checkpoint or progress, else `requeue` while attempts are left, else `fail`; "
        + "`alert` only reports."
    case .maxAttempts: "how many attempts in a row may end stuck before the scan is failed."
    case .maxCrashes: "how often its runner may die before the scan is failed."
    case .backoffBaseSeconds:
      "the longest delay before the second retry; the first is at once, each further one doubles it."
    case .backoffCapSeconds: "no delay is longer."
    case .suspicion:
      "what a learned suspicion leads to: `ignore`, `report` it, recover if a `diagnosed` cause "
        + "agrees, or `recover`."
    case .suspicionRate: "the share of healthy scans that may ever be suspected falsely."
    case .suspicionFloorSeconds: "no shorter silence is suspected."
    case .slowBelowRate: "below this share of the usual rate, a scan is reported as `slow`."
    case .checkAgeHours:
      "how old a run without progress must be before the check ahead of a new scan offers to clean it."
    case .keepItemsDays:
      "for how many days after its end a scan's items and item errors are kept; 0 is for ever."
    case .keepEventsDays:
      "for how many days after its end a scan's events and progress history are kept; 0 is for ever."
    case .keepScansDays:
      "for how many days after its end a scan is kept, with all that belongs to it; 0 is for ever."
    }
  }
}
