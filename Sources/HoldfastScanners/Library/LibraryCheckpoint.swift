import HoldfastCore

/// What a later attempt resumes a library scan from.
struct LibraryCheckpoint: Sendable {
  enum Phase: String, Sendable {
    case walk, links, absent, settle

    /// What is shown as the progress's step.
    var step: String {
      switch self {
      case .walk: "walking"
      case .links: "following links"
      case .absent: "looking for removed folders"
      case .settle: "settling"
      }
    }
  }

  var phase: Phase
  /// The scan that the tree is compared with. With another one the checkpoint means nothing.
  var baseline: String?
  var tally: Tally
  var frontier: Frontier
  /// One bit for each folder of the baseline, in the order of their ids.
  var seen: [UInt8]
  /// Paths behind links that could not be looked at.
  var kept: [[UInt8]]

  /// Raised when the meaning of a member changes. A checkpoint of another version is not used, and the scan starts from its beginning.
  private static let version: Int64 = 1

  init(
    phase: Phase, baseline: String?, tally: Tally, frontier: Frontier, seen: [UInt8],
    kept: [[UInt8]]
  ) {
    self.phase = phase
    self.baseline = baseline
    self.tally = tally
    self.frontier = frontier
    self.seen = seen
    self.kept = kept
  }

  var json: JSONValue {
    [
      "version": .int(Self.version),
      "phase": .string(phase.rawValue),
      "baseline": baseline.map(JSONValue.string) ?? .null,
      "tally": .object(tally.json),
      "frontier": .string(Base64.encode(frontier.bytes)),
      "seen": .string(Base64.encode(seen)),
      "kept": .array(kept.map { .string(Base64.encode($0)) }),
    ]
  }

  /// `nil` for a checkpoint that this version, or this baseline, cannot go on from.
  init?(json: JSONValue, baseline: String?) {
    guard json["version"]?.intValue == Self.version,
      json["baseline"]?.stringValue == baseline,
      let phase = json["phase"]?.stringValue.flatMap(Phase.init(rawValue:)),
      let tally = json["tally"],
      let frontier = json["frontier"]?.stringValue.flatMap(Base64.decode)
        .flatMap(Frontier.init(bytes:)),
      let seen = json["seen"]?.stringValue.flatMap(Base64.decode)
    else { return nil }
    self.init(
      phase: phase, baseline: baseline, tally: Tally(json: tally), frontier: frontier, seen: seen,
      kept: (json["kept"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Base64.decode) })
  }
}
