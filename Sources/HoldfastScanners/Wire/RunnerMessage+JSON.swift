import HoldfastCore

extension JSONWriter {
  /// Writes what `Codable` would, as one line with its end.
  mutating func line(_ message: RunnerMessage) {
    raw("{\"type\":")
    switch message {
    case .ready(let ready):
      raw("\"ready\",\"protocol\":")
      integer(ready.protocolVersion)
      raw(",\"pid\":")
      integer(ready.processID)
      raw(",\"kinds\":")
      list(ready.kinds) { $0.string($1) }
    case .progress(let progress, let text):
      raw("\"progress\"")
      members(progress)
      optional(",\"message\":", text)
    case .checkpoint(let number, let data):
      raw("\"checkpoint\",\"number\":")
      integer(number)
      raw(",\"data\":")
      value(data)
    case .items(let items):
      raw("\"items\",\"items\":")
      list(items) { $0.item($1) }
    case .itemErrors(let errors):
      raw("\"item_errors\",\"errors\":")
      list(errors) { $0.itemError($1) }
    case .waiting(let what, let seconds):
      raw("\"waiting\",\"for\":")
      string(what)
      raw(",\"seconds\":")
      value(.double(seconds))
    case .log(let level, let text):
      raw("\"log\",\"level\":")
      string(level)
      raw(",\"message\":")
      string(text)
    case .pong(let number):
      raw("\"pong\",\"number\":")
      integer(number)
    case .readBaselineIndex: raw("\"read_baseline_index\"")
    case .readBaselineParts(let ids):
      raw("\"read_baseline_parts\",\"ids\":")
      list(ids) { $0.string($1) }
    case .writeBaseline(let parts):
      raw("\"write_baseline\",\"parts\":")
      list(parts) { $0.baselineWrite($1) }
    case .settle(let limit):
      raw("\"settle\"")
      if let limit {
        raw(",\"removal_limit\":")
        integer(limit)
      }
    case .diagnose(let why):
      raw("\"diagnose\",\"why\":")
      string(why)
    case .finished(let finish):
      raw("\"finished\",\"outcome\":")
      string(finish.outcome.rawValue)
      optional(",\"message\":", finish.message)
      optional(",\"error\":", finish.error)
      optional(",\"reason\":", finish.reason?.rawValue)
      if let summary = finish.summary {
        raw(",\"summary\":")
        value(summary)
      }
    }
    raw("}\n")
  }

  /// The members of a progress, each after a comma.
  mutating func members(_ progress: Progress) {
    raw(",\"done\":")
    integer(progress.done)
    if let total = progress.total {
      raw(",\"total\":")
      integer(total)
    }
    raw(",\"is_estimate\":")
    value(.bool(progress.isEstimate))
    raw(",\"unit\":")
    string(progress.unit)
    raw(",\"bytes\":")
    integer(progress.bytes)
    raw(",\"step\":")
    string(progress.step)
    optional(",\"current\":", progress.current)
  }

  private mutating func item(_ item: Item) {
    raw("{\"key\":")
    string(item.key)
    raw(",\"type\":")
    string(item.type)
    raw(",\"change\":")
    string(item.change.rawValue)
    optional(",\"identity\":", item.identity)
    if let data = item.data {
      raw(",\"data\":")
      value(data)
    }
    raw("}")
  }

  private mutating func itemError(_ error: ItemError) {
    raw("{\"path\":")
    string(error.path)
    raw(",\"type\":")
    string(error.type)
    raw(",\"message\":")
    string(error.message)
    raw("}")
  }

  private mutating func baselineWrite(_ write: Baseline.Write) {
    raw("{\"id\":")
    string(write.id)
    raw(",\"segment\":")
    integer(write.segment)
    raw(",\"fingerprint\":")
    string(write.fingerprint)
    optional(",\"content\":", write.content)
    raw("}")
  }

  private mutating func optional(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    raw(name)
    string(text)
  }
}
