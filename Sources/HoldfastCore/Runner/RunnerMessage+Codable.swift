private enum Key: String, CodingKey {
  case type, message, number, data, items, errors, seconds, level, ids, parts, reason, entries, why
  case finding
  case waitingFor = "for"
  case removalLimit = "removal_limit"
  case isLast = "last"
}

extension RunnerMessage: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let type = try container.decode(String.self, forKey: .type)
    switch type {
    case "ready": self = .ready(try Ready(from: decoder))
    case "progress":
      self = .progress(
        try Progress(from: decoder),
        message: try container.decodeIfPresent(String.self, forKey: .message))
    case "checkpoint":
      self = .checkpoint(
        number: try container.decode(Int64.self, forKey: .number),
        data: try container.decode(JSONValue.self, forKey: .data))
    case "items": self = .items(try container.decode([Item].self, forKey: .items))
    case "item_errors":
      self = .itemErrors(try container.decode([ItemError].self, forKey: .errors))
    case "waiting":
      self = .waiting(
        for: try container.decode(String.self, forKey: .waitingFor),
        seconds: try container.decode(Double.self, forKey: .seconds))
    case "log":
      self = .log(
        level: try container.decode(String.self, forKey: .level),
        message: try container.decode(String.self, forKey: .message))
    case "pong": self = .pong(number: try container.decode(Int64.self, forKey: .number))
    case "read_baseline_index": self = .readBaselineIndex
    case "read_baseline_parts":
      self = .readBaselineParts(ids: try container.decode([String].self, forKey: .ids))
    case "write_baseline":
      self = .writeBaseline(try container.decode([Baseline.Write].self, forKey: .parts))
    case "settle":
      self = .settle(
        removalLimit: try container.decodeIfPresent(Int64.self, forKey: .removalLimit))
    case "diagnose": self = .diagnose(why: try container.decode(String.self, forKey: .why))
    case "finished": self = .finished(try Finish(from: decoder))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: container, debugDescription: "unknown message type “\(type)”")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func type(_ name: String) throws { try container.encode(name, forKey: .type) }
    switch self {
    case .ready(let ready):
      try type("ready")
      try ready.encode(to: encoder)
    case .progress(let progress, let message):
      try type("progress")
      try progress.encode(to: encoder)
      try container.encodeIfPresent(message, forKey: .message)
    case .checkpoint(let number, let data):
      try type("checkpoint")
      try container.encode(number, forKey: .number)
      try container.encode(data, forKey: .data)
    case .items(let items):
      try type("items")
      try container.encode(items, forKey: .items)
    case .itemErrors(let errors):
      try type("item_errors")
      try container.encode(errors, forKey: .errors)
    case .waiting(let what, let seconds):
      try type("waiting")
      try container.encode(what, forKey: .waitingFor)
      try container.encode(seconds, forKey: .seconds)
    case .log(let level, let message):
      try type("log")
      try container.encode(level, forKey: .level)
      try container.encode(message, forKey: .message)
    case .pong(let number):
      try type("pong")
      try container.encode(number, forKey: .number)
    case .readBaselineIndex: try type("read_baseline_index")
    case .readBaselineParts(let ids):
      try type("read_baseline_parts")
      try container.encode(ids, forKey: .ids)
    case .writeBaseline(let parts):
      try type("write_baseline")
      try container.encode(parts, forKey: .parts)
    case .settle(let removalLimit):
      try type("settle")
      try container.encodeIfPresent(removalLimit, forKey: .removalLimit)
    case .diagnose(let why):
      try type("diagnose")
      try container.encode(why, forKey: .why)
    case .finished(let finish):
      try type("finished")
      try finish.encode(to: encoder)
    }
  }
}

extension WorkerMessage: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let type = try container.decode(String.self, forKey: .type)
    switch type {
    case "start": self = .start(try Start(from: decoder))
    case "ping": self = .ping(number: try container.decode(Int64.self, forKey: .number))
    case "stop": self = .stop(reason: try container.decode(StopReason.self, forKey: .reason))
    case "checkpointed":
      self = .checkpointed(number: try container.decode(Int64.self, forKey: .number))
    case "baseline_index":
      self = .baselineIndex(
        entries: try container.decode(String.self, forKey: .entries),
        isLast: try container.decode(Bool.self, forKey: .isLast))
    case "baseline_parts":
      self = .baselineParts(
        try container.decode([BaselineContent].self, forKey: .parts),
        isLast: try container.decode(Bool.self, forKey: .isLast))
    case "settled": self = .settled(try Settlement(from: decoder))
    case "diagnosed":
      self = .diagnosed(try container.decodeIfPresent(Finding.self, forKey: .finding))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: container, debugDescription: "unknown message type “\(type)”")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func type(_ name: String) throws { try container.encode(name, forKey: .type) }
    switch self {
    case .start(let start):
      try type("start")
      try start.encode(to: encoder)
    case .ping(let number):
      try type("ping")
      try container.encode(number, forKey: .number)
    case .stop(let reason):
      try type("stop")
      try container.encode(reason, forKey: .reason)
    case .checkpointed(let number):
      try type("checkpointed")
      try container.encode(number, forKey: .number)
    case .baselineIndex(let entries, let isLast):
      try type("baseline_index")
      try container.encode(entries, forKey: .entries)
      try container.encode(isLast, forKey: .isLast)
    case .baselineParts(let parts, let isLast):
      try type("baseline_parts")
      try container.encode(parts, forKey: .parts)
      try container.encode(isLast, forKey: .isLast)
    case .settled(let settlement):
      try type("settled")
      try settlement.encode(to: encoder)
    case .diagnosed(let finding):
      try type("diagnosed")
      try container.encodeIfPresent(finding, forKey: .finding)
    }
  }
}
