import CHoldfastSystem

/// One process of this machine and no later one under the same number.
package struct ProcessIdentity: Sendable, Hashable, Codable {
  package var processID: Int32
  /// Clock ticks from boot to its start, field 22 of `/proc/PID/stat`.
  package var startTicks: UInt64

  package init(processID: Int32, startTicks: UInt64) {
    self.processID = processID
    self.startTicks = startTicks
  }

  /// Whoever has this number now; `nil` if nobody.
  package static func now(_ processID: Int32) -> ProcessIdentity? {
    guard let process = try? ProcFolder.shared.process(processID) else {
      // Gone or hidden: either way there is nobody to speak of.
      return nil
    }
    return ProcessIdentity(processID: processID, startTicks: process.start_ticks)
  }

  enum CodingKeys: String, CodingKey {
    case processID = "pid"
    case startTicks = "start_ticks"
  }
}

extension hf_process {
  var identity: ProcessIdentity { ProcessIdentity(processID: pid, startTicks: start_ticks) }

  /// What the process calls itself, safe to print.
  var nameText: String {
    withUnsafeBytes(of: name) { bytes in
      PrintableText.of(bytes.prefix { $0 != 0 }, maxBytes: 64)
    }
  }

  var stateText: String { String(UnicodeScalar(UInt8(bitPattern: state))) }
}
