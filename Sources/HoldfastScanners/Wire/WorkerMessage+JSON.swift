import HoldfastCore

extension WorkerMessage {
  /// Why a line is not a message.
  struct Malformed: Error, Hashable, CustomStringConvertible {
    var description: String
  }

  /// Reads one line, without its end. `nil` for a message of a type that this version does not know: newer workers may send
  /// more than older runners understand.
  static func parse(line: some Sequence<UInt8>) throws(Malformed) -> WorkerMessage? {
    let json: JSONValue
    // The runner's threads have small stacks, and no message nests deeply except in what a kind puts into a checkpoint.
    switch Array(line).withUnsafeBytes({ JSONValue.parse($0, maxDepth: 64) }) {
    case .success(let value): json = value
    case .failure(let error): throw Malformed(description: error.description)
    }
    guard let type = json["type"]?.stringValue else {
      throw Malformed(description: "a message without a “type”")
    }
    switch type {
    case "start": return .start(try start(json))
    case "ping": return .ping(number: try json.number("number", in: type))
    case "stop":
      guard let reason = StopReason(rawValue: try json.text("reason", in: type)) else {
        throw Malformed(description: "a stop message with an unknown “reason”")
      }
      return .stop(reason: reason)
    case "checkpointed": return .checkpointed(number: try json.number("number", in: type))
    case "baseline_index":
      return .baselineIndex(
        entries: try json.text("entries", in: type), isLast: try json.flag("last", in: type))
    case "baseline_parts":
      var parts: [BaselineContent] = []
      for part in json["parts"]?.arrayValue ?? [] {
        parts.append(
          BaselineContent(
            id: try part.text("id", in: type), segment: Int(try part.number("segment", in: type)),
            content: try part.text("content", in: type)))
      }
      return .baselineParts(parts, isLast: try json.flag("last", in: type))
    case "settled":
      return .settled(
        Settlement(
          moved: try json.number("moved", in: type), removed: try json.number("removed", in: type),
          isRefused: try json.flag("refused", in: type)))
    case "diagnosed":
      return .diagnosed(
        try json["finding"]?.nonNull.map { finding throws(Malformed) in
          Finding(
            class: try finding.text("class", in: type),
            sentence: try finding.text("sentence", in: type))
        })
    default: return nil
    }
  }

  private static func start(_ json: JSONValue) throws(Malformed) -> Start {
    Start(
      protocolVersion: Int(try json.number("protocol", in: "start")),
      scanID: try json.scanID("scan_id", in: "start"),
      number: try json.number("number", in: "start"),
      attempt: Int(try json.number("attempt", in: "start")),
      kind: try json.text("kind", in: "start"),
      target: try json.text("target", in: "start"),
      params: json["params"] ?? .null,
      checkpoint: json["checkpoint"]?.nonNull,
      progress: json["progress"].flatMap(progress),
      baseline: try json["baseline"]?.nonNull.map {
        json throws(Malformed) in
        Baseline.Summary(
          scanID: try json.scanID("scan_id", in: "start.baseline"),
          parts: try json.number("parts", in: "start.baseline"),
          summary: json["summary"] ?? .object([:]))
      },
      program: try program(json["program"]?.nonNull))
  }

  private static func program(_ json: JSONValue?) throws(Malformed) -> ProgramSpec? {
    guard let json else { return nil }
    guard let program = ProgramSpec(json: json) else {
      throw Malformed(description: "“program” of a start message is not a program")
    }
    return program
  }

  private static func progress(_ json: JSONValue) -> Progress? {
    guard json.objectValue != nil else { return nil }
    return Progress(
      done: json["done"]?.intValue ?? 0, total: json["total"]?.intValue,
      isEstimate: json["is_estimate"]?.boolValue ?? false,
      unit: json["unit"]?.stringValue ?? "items", bytes: json["bytes"]?.intValue ?? 0,
      step: json["step"]?.stringValue ?? "", current: json["current"]?.stringValue)
  }
}

extension JSONValue {
  fileprivate typealias Malformed = WorkerMessage.Malformed

  fileprivate func number(_ name: String, in type: String) throws(Malformed) -> Int64 {
    guard let value = self[name]?.intValue else { throw missing("a whole number", name, type) }
    return value
  }

  fileprivate func text(_ name: String, in type: String) throws(Malformed) -> String {
    guard let value = self[name]?.stringValue else { throw missing("a text", name, type) }
    return value
  }

  fileprivate func flag(_ name: String, in type: String) throws(Malformed) -> Bool {
    guard let value = self[name]?.boolValue else { throw missing("true or false", name, type) }
    return value
  }

  fileprivate func scanID(_ name: String, in type: String) throws(Malformed) -> ScanID {
    guard let value = ScanID(try text(name, in: type)) else { throw missing("a UUID", name, type) }
    return value
  }

  private func missing(_ what: String, _ name: String, _ type: String) -> Malformed {
    Malformed(description: "“\(name)” of a \(type) message must be \(what)")
  }
}
