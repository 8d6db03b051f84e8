import Glibc
import HoldfastCore

extension CommandRun {
  /// What the runner has, without what is between it and its worker, with the program's own variables and the scan's.
  static func environment(
    _ session: ScanSession, _ program: ProgramSpec, _ notify: NotifySocket?
  ) -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      if pair.count == 2, !Attachment.isOwn(name) { variables[name] = String(pair[1]) }
      entry += 1
    }
    variables.merge(program.environment) { _, own in own }
    let start = session.start
    variables["NOTIFY_SOCKET"] = notify?.name
    variables["HOLDFAST_SOCKET"] = notify?.name
    if let stall = program.stallSeconds, notify != nil {
      variables["WATCHDOG_USEC"] = "\(Int64(stall * 1e6))"
    }
    variables["HOLDFAST_PROTOCOL"] = program.speech?.rawValue
    variables["HOLDFAST_SCAN"] = "\(start.number)"
    variables["HOLDFAST_TARGET"] = start.target
    variables["HOLDFAST_PARAMS"] = jsonText(start.params)
    variables["HOLDFAST_ATTEMPT"] = "\(start.attempt)"
    if let checkpoint = start.checkpoint { variables["HOLDFAST_CHECKPOINT"] = jsonText(checkpoint) }
    return variables
  }

  private static func jsonText(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
