import HoldfastCore

extension JSONWriter {
  /// Writes what a program that speaks the protocol is told, as one line with its end. What is between a worker and its own runners is left
  /// out: a `start` has neither the program nor a baseline.
  mutating func line(toProgram message: WorkerMessage) {
    switch message {
    case .start(let start): self.start(start)
    case .stop(let reason):
      raw("{\"type\":\"stop\",\"reason\":")
      string(reason.rawValue)
    case .checkpointed(let number):
      raw("{\"type\":\"checkpointed\",\"number\":")
      integer(number)
    case .ping(let number):
      raw("{\"type\":\"ping\",\"number\":")
      integer(number)
    case .baselineIndex, .baselineParts, .settled, .diagnosed: return
    }
    raw("}\n")
  }

  private mutating func start(_ start: WorkerMessage.Start) {
    raw("{\"type\":\"start\",\"protocol\":")
    integer(start.protocolVersion)
    raw(",\"scan_id\":")
    string(start.scanID.description)
    raw(",\"number\":")
    integer(start.number)
    raw(",\"attempt\":")
    integer(start.attempt)
    raw(",\"kind\":")
    string(start.kind)
    raw(",\"target\":")
    string(start.target)
    raw(",\"params\":")
    value(start.params)
    if let checkpoint = start.checkpoint {
      raw(",\"checkpoint\":")
      value(checkpoint)
    }
    guard let progress = start.progress else { return }
    var inner = JSONWriter()
    inner.members(progress)
    raw(",\"progress\":{")
    raw(inner.bytes.dropFirst())
    raw("}")
  }
}
