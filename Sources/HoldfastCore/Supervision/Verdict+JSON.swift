/// One shape wherever a verdict is written: in the database, in plans, in `why` and in the API.
extension Verdict: Codable {
  private enum CodingKeys: String, CodingKey {
    case cause, reason, exceeded, suspicion, sentence, evidence, lost
    case kind = "verdict"
    case scopeHolder = "scope_holder"
    case overdueSince = "overdue_since"
    case blamesScan = "blames_scan"
    case judgedAt = "judged_at"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      kind: try container.decode(Kind.self, forKey: .kind),
      cause: try container.decodeIfPresent(String.self, forKey: .cause).map { name in
        let holder = try container.decodeIfPresent(Int64.self, forKey: .scopeHolder)
        guard let cause = PendingCause(name: name, holder: holder) else {
          throw DecodingError.dataCorruptedError(
            forKey: .cause, in: container, debugDescription: "unknown cause “\(name)”")
        }
        return cause
      },
      reason: try container.decodeIfPresent(Reason.self, forKey: .reason),
      overdueSince: try container.decodeIfPresent(Timestamp.self, forKey: .overdueSince),
      exceeded: try container.decode([Reason].self, forKey: .exceeded),
      blamesScan: try container.decode(Bool.self, forKey: .blamesScan),
      suspicion: try container.decodeIfPresent(Suspicion.self, forKey: .suspicion),
      sentence: try container.decode(String.self, forKey: .sentence),
      evidence: try container.decode([Evidence].self, forKey: .evidence),
      lost: try container.decode([Lost].self, forKey: .lost),
      judgedAt: try container.decode(Timestamp.self, forKey: .judgedAt))
  }

  package func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  /// The same, made without an encoder: a sweep writes thousands.
  package var json: JSONValue {
    var members: [String: JSONValue] = [
      "verdict": .string(kind.rawValue), "sentence": .string(sentence),
      "judged_at": .string("\(judgedAt)"), "blames_scan": .bool(blamesScan),
      "exceeded": .array(exceeded.map { .string($0.rawValue) }),
      "evidence": .array(evidence.map(\.json)),
      "lost": .array(
        lost.map { ["verdict": .string($0.verdict.rawValue), "because": .string($0.because)] }),
    ]
    if let reason { members["reason"] = .string(reason.rawValue) }
    if let cause { members["cause"] = .string(cause.name) }
    if case .scopeHeld(let holder) = cause { members["scope_holder"] = .int(holder) }
    if let suspicion { members["suspicion"] = suspicion.json }
    if let overdueSince { members["overdue_since"] = .string("\(overdueSince)") }
    return .object(members)
  }
}

extension Verdict.PendingCause {
  /// As written: `no_worker`, `slots_busy`, `scope_held`, `paused`, `unknown`.
  package var name: String {
    switch self {
    case .noWorker: "no_worker"
    case .slotsBusy: "slots_busy"
    case .scopeHeld: "scope_held"
    case .paused: "paused"
    case .unknown: "unknown"
    }
  }

  /// - Parameter holder: the number of the scan that holds the scope, where one does.
  fileprivate init?(name: String, holder: Int64?) {
    switch name {
    case "no_worker": self = .noWorker
    case "slots_busy": self = .slotsBusy
    case "scope_held":
      guard let holder else { return nil }
      self = .scopeHeld(by: holder)
    case "paused": self = .paused
    case "unknown": self = .unknown
    default: return nil
    }
  }
}

extension Suspicion {
  fileprivate var json: JSONValue {
    [
      "signal": .string(signal.rawValue), "silence_seconds": .double(silenceSeconds),
      "since": .string("\(since)"),
      "limit": [
        "seconds": .double(limit.seconds), "scope": .string(limit.scope.rawValue),
        "scans": .int(Int64(limit.scans)), "rate": .double(limit.rate),
      ],
    ]
  }
}

extension Verdict.Evidence {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [
      "signal": .string(signal.rawValue), "text": .string(text),
    ]
    if let seconds { members["seconds"] = .double(seconds) }
    if let limitSeconds { members["limit_seconds"] = .double(limitSeconds) }
    return .object(members)
  }
}
