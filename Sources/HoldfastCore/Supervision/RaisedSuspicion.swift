/// A suspicion as the worker of an attempt raises it and as the database keeps it until it is
/// withdrawn, or the attempt ends.
package struct RaisedSuspicion: Sendable, Hashable, Codable {
  package var signal: Suspicion.Signal
  /// The step that is silent.
  package var step: String
  /// How long it was silent when this was written.
  package var silenceSeconds: Double
  package var limit: LearnedLimit
  /// The share of healthy scans that are ever as silent.
  package var probability: Double?
  /// How far the silence was beyond what the policy allows.
  package var overdueSeconds: Double
  /// Why it does not move, as far as the worker found out.
  package var diagnosis: JSONValue?

  package init(
    signal: Suspicion.Signal, step: String, silenceSeconds: Double, limit: LearnedLimit,
    probability: Double?, overdueSeconds: Double,
    diagnosis: JSONValue? = Optional<JSONValue>.none
  ) {
    self.signal = signal
    self.step = step
    self.silenceSeconds = silenceSeconds
    self.limit = limit
    self.probability = probability
    self.overdueSeconds = overdueSeconds
    self.diagnosis = diagnosis
  }

  enum CodingKeys: String, CodingKey {
    case signal, step, limit, probability, diagnosis
    case silenceSeconds = "silence_seconds"
    case overdueSeconds = "overdue_seconds"
  }

  /// For an operator: `no sign of progress for 2 min; of 1200 scans of this step, a share of 0.001
  /// is ever silent for 40 s`.
  package var sentence: String {
    let step = step.isEmpty ? "" : " in step “\(step)”"
    let what = signal == .progress ? "no progress" : "no activity of its processes"
    let why = diagnosedClass.map { "; \($0.phrase)" } ?? ""
    return "\(what) for \(SpanText.describe(seconds: silenceSeconds))\(step); of \(limit.scans) "
      + "scans of this \(limit.scope.rawValue), at most a share of \(limit.rate) is ever silent "
      + "for \(SpanText.describe(seconds: limit.seconds))\(why)"
  }

  package var diagnosedClass: Diagnosis.Class? {
    diagnosis?["class"]?.stringValue.flatMap(Diagnosis.Class.init(rawValue:))
  }

  /// The form in which it is stored and shown.
  package var json: JSONValue {
    var members: [String: JSONValue] = [
      "signal": .string(signal.rawValue), "step": .string(step),
      "silence_seconds": .double(silenceSeconds), "overdue_seconds": .double(overdueSeconds),
      "sentence": .string(sentence),
      "limit": [
        "seconds": .double(limit.seconds), "scope": .string(limit.scope.rawValue),
        "scans": .int(Int64(limit.scans)), "rate": .double(limit.rate),
      ],
    ]
    if let probability { members["probability"] = .double(probability) }
    if let diagnosis { members["diagnosis"] = diagnosis }
    return .object(members)
  }

  /// Reads ``json``; `nil` if something else was stored.
  package init?(json: JSONValue) {
    guard let signal = json["signal"]?.stringValue.flatMap(Suspicion.Signal.init(rawValue:)),
      let limit = json["limit"], let seconds = limit["seconds"]?.doubleValue,
      let scope = limit["scope"]?.stringValue.flatMap(LearnedLimit.Scope.init(rawValue:)),
      let scans = limit["scans"]?.intValue, let rate = limit["rate"]?.doubleValue
    else { return nil }
    self.init(
      signal: signal, step: json["step"]?.stringValue ?? "",
      silenceSeconds: json["silence_seconds"]?.doubleValue ?? 0,
      limit: LearnedLimit(seconds: seconds, scope: scope, scans: Int(scans), rate: rate),
      probability: json["probability"]?.doubleValue,
      overdueSeconds: json["overdue_seconds"]?.doubleValue ?? 0, diagnosis: json["diagnosis"])
  }
}

/// What a worker has to say of its doubts about an attempt of its own.
package struct AttemptDoubt: Sendable, Hashable, Codable {
  /// What became of the suspicion; `nil` where only the one that stands is told anew.
  package var change: Suspicion.Change?
  /// What it is suspected of now; `nil` for nothing.
  package var suspicion: RaisedSuspicion?
  /// Whether the sweep is to look at it at once: a suspicion that may recover, or another rate.
  package var asksForLook: Bool

  package init(
    change: Suspicion.Change? = nil, suspicion: RaisedSuspicion?, asksForLook: Bool = false
  ) {
    self.change = change
    self.suspicion = suspicion
    self.asksForLook = asksForLook
  }

  enum CodingKeys: String, CodingKey {
    case change, suspicion
    case asksForLook = "asks_for_look"
  }
}
