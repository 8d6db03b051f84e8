/// Reads a runner's message out of its JSON: what `Codable` does, in a tenth of the time, because a first scan of a large
/// library reports each of its files.
package struct RunnerMessageReader {
  /// What of a message is not as it must be.
  package struct Malformed: Error, Hashable, CustomStringConvertible {
    package var description: String
  }

  private let type: String
  private let json: [String: JSONValue]

  private init(type: String, json: [String: JSONValue]) {
    self.type = type
    self.json = json
  }

  /// `nil` for a message of a type that this version does not know: a newer runner may send some, and they are passed over.
  package static func message(_ json: JSONValue) throws(Malformed) -> RunnerMessage? {
    guard let members = json.objectValue else {
      throw Malformed(description: "a message is a JSON object")
    }
    guard let type = members["type"]?.stringValue else {
      throw Malformed(description: "a message lacks its “type”")
    }
    return try RunnerMessageReader(type: type, json: members).message()
  }

  private func message() throws(Malformed) -> RunnerMessage? {
    switch type {
    case "ready": .ready(try ready())
    case "progress": .progress(try progress(), message: try optionalText("message"))
    case "checkpoint": .checkpoint(number: try number("number"), data: try value("data"))
    case "items":
      .items(try list("items", of: "item") { (item) throws(Malformed) in try item.item() })
    case "item_errors":
      .itemErrors(
        try list("errors", of: "item error") { (error) throws(Malformed) in try error.itemError() })
    case "waiting": .waiting(for: try text("for"), seconds: try seconds("seconds"))
    case "log": .log(level: try text("level"), message: try text("message"))
    case "pong": .pong(number: try number("number"))
    case "read_baseline_index": .readBaselineIndex
    case "read_baseline_parts": .readBaselineParts(ids: try texts("ids"))
    case "write_baseline":
      .writeBaseline(
        try list("parts", of: "part") { (part) throws(Malformed) in try part.baselineWrite() })
    case "settle": .settle(removalLimit: try optionalNumber("removal_limit"))
    case "diagnose": .diagnose(why: try text("why"))
    case "finished": .finished(try finish())
    default: nil
    }
  }

  // MARK: Parts

  private func ready() throws(Malformed) -> RunnerMessage.Ready {
    RunnerMessage.Ready(
      protocolVersion: Int(try number("protocol")),
      processID: Int32(truncatingIfNeeded: try number("pid")), kinds: try texts("kinds"))
  }

  private func progress() throws(Malformed) -> Progress {
    Progress(
      done: try optionalNumber("done") ?? 0, total: try optionalNumber("total"),
      isEstimate: try optionalFlag("is_estimate") ?? false,
      unit: try optionalText("unit") ?? "items", bytes: try optionalNumber("bytes") ?? 0,
      step: try optionalText("step") ?? "", current: try optionalText("current"))
  }

  private func item() throws(Malformed) -> Item {
    guard let change = Item.Change(rawValue: try text("change")) else {
      throw wrong(
        "change", "one of \(Item.Change.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return Item(
      key: try text("key"), type: try text("type"), change: change,
      identity: try optionalText("identity"), data: present("data"))
  }

  private func itemError() throws(Malformed) -> ItemError {
    ItemError(path: try text("path"), type: try text("type"), message: try text("message"))
  }

  private func baselineWrite() throws(Malformed) -> Baseline.Write {
    Baseline.Write(
      id: try text("id"), segment: Int(try number("segment")),
      fingerprint: try text("fingerprint"), content: try optionalText("content"))
  }

  private func finish() throws(Malformed) -> RunnerMessage.Finish {
    guard let outcome = RunnerMessage.Finish.Outcome(rawValue: try text("outcome")) else {
      throw wrong("outcome", "completed, failed, stopped or cancelled")
    }
    return RunnerMessage.Finish(
      outcome: outcome, message: try optionalText("message"), error: try optionalText("error"),
      summary: present("summary"),
      // A newer runner may know more reasons; the error's words say the same.
      reason: try optionalText("reason").flatMap(Reason.init(rawValue:)))
  }

  // MARK: Members

  /// A member; `nil` where it is missing or null.
  private func present(_ name: String) -> JSONValue? {
    guard let value = json[name], value != .null else { return nil }
    return value
  }

  private func value(_ name: String) throws(Malformed) -> JSONValue {
    guard let value = json[name] else { throw wrong(name, "there") }
    return value
  }

  private func text(_ name: String) throws(Malformed) -> String {
    guard case .string(let text) = json[name] else { throw wrong(name, "a text") }
    return text
  }

  private func optionalText(_ name: String) throws(Malformed) -> String? {
    present(name) == nil ? nil : try text(name)
  }

  private func number(_ name: String) throws(Malformed) -> Int64 {
    guard let number = json[name]?.intValue else { throw wrong(name, "a whole number") }
    return number
  }

  private func optionalNumber(_ name: String) throws(Malformed) -> Int64? {
    present(name) == nil ? nil : try number(name)
  }

  private func seconds(_ name: String) throws(Malformed) -> Double {
    guard let number = json[name]?.doubleValue, number.isFinite else {
      throw wrong(name, "a number")
    }
    return number
  }

  private func optionalFlag(_ name: String) throws(Malformed) -> Bool? {
    guard let value = present(name) else { return nil }
    guard let flag = value.boolValue else { throw wrong(name, "true or false") }
    return flag
  }

  private func texts(_ name: String) throws(Malformed) -> [String] {
    guard case .array(let values) = json[name] else { throw wrong(name, "a list of texts") }
    var texts: [String] = []
    for value in values {
      guard let text = value.stringValue else { throw wrong(name, "a list of texts") }
      texts.append(text)
    }
    return texts
  }

  private func list<Element>(
    _ name: String, of what: String,
    _ read: (RunnerMessageReader) throws(Malformed) -> Element
  ) throws(Malformed) -> [Element] {
    guard case .array(let values) = json[name] else { throw wrong(name, "a list") }
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for value in values {
      guard case .object(let members) = value else { throw wrong(name, "a list of objects") }
      elements.append(try read(RunnerMessageReader(type: what, json: members)))
    }
    return elements
  }

  private func wrong(_ name: String, _ expected: String) -> Malformed {
    let found = json[name] == nil ? "is missing" : "must be \(expected)"
    return Malformed(description: "“\(name)” of a message “\(type)” \(found)")
  }
}
