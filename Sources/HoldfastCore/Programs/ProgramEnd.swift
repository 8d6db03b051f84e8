/// How a program that was run as a scan ended.
package struct ProgramEnd: Sendable, Hashable {
  /// What happened to the program's own process.
  package enum Exit: Sendable, Hashable {
    case status(Int)
    case signal(Int)
    /// It was never started: an errno, and whether there is no such program.
    case refused(reason: String, isMissing: Bool)
  }

  /// Who ended it before its own end.
  package enum Cause: String, Sendable, CaseIterable {
    case timeout, stall
    case noOutput = "no_output"
    /// A signal that was passed on to it.
    case signal
    /// An operator, or its worker.
    case stop
    /// It did not keep to the runner protocol, or lived on after its work was done.
    case fault
  }

  package var exit: Exit
  package var cause: Cause?
  /// Whether it had to be killed, because it went on after SIGTERM.
  package var wasKilled: Bool
  /// A signal that was passed on to it.
  package var passedOn: Int?
  /// What all its processes have used.
  package var usage: ProgramUsage
  /// Why it did not move when a limit was reached.
  package var found: String?

  package init(
    exit: Exit, cause: Cause? = nil, wasKilled: Bool = false, passedOn: Int? = nil,
    usage: ProgramUsage = ProgramUsage(), found: String? = nil
  ) {
    self.exit = exit
    self.cause = cause
    self.wasKilled = wasKilled
    self.passedOn = passedOn
    self.usage = usage
    self.found = found
  }

  /// What `holdfast run` ends with: the program's own status, 128 and its signal, and what GNU `timeout` uses for its own: 124 where a
  /// limit ended it, 137 where that took SIGKILL, 126 and 127 where it could not be started.
  package var status: Int {
    switch (exit, cause) {
    case (.refused(_, let isMissing), _): isMissing ? 127 : 126
    case (_, .timeout), (_, .stall), (_, .noOutput): wasKilled ? 137 : 124
    case (.status(let status), _): status
    case (.signal(let signal), _): 128 + signal
    }
  }

  /// Whether it ended because somebody wanted it to, by a signal that was passed on: by the signal itself, or in its own good order after
  /// one that asks for an end, whatever its status. rsync ends with 20 then, ffmpeg with 255, Scrapy with 0.
  package var isByWish: Bool {
    guard let signal = passedOn, cause == nil || cause == .signal else { return false }
    if exit == .signal(signal) || exit == .status(128 + signal) { return true }
    return [2, 15].contains(signal)
  }

  /// The scan's summary, and what the runner tells the command that it is attached to.
  package var json: JSONValue {
    var members = usage.members
    switch exit {
    case .status(let status): members["exit_status"] = .int(Int64(status))
    case .signal(let signal): members["signal"] = .int(Int64(signal))
    case .refused(let reason, let isMissing):
      members["not_started"] = .string(reason)
      members["is_missing"] = .bool(isMissing)
    }
    if let cause { members["ended_by"] = .string(cause.rawValue) }
    if wasKilled { members["killed"] = true }
    if let passedOn { members["passed_on"] = .int(Int64(passedOn)) }
    if let found { members["found"] = .string(found) }
    return .object(members)
  }

  package init?(json: JSONValue) {
    let exit: Exit
    if let status = json["exit_status"]?.intValue {
      exit = .status(Int(status))
    } else if let signal = json["signal"]?.intValue {
      exit = .signal(Int(signal))
    } else if let reason = json["not_started"]?.stringValue {
      exit = .refused(reason: reason, isMissing: json["is_missing"]?.boolValue ?? false)
    } else {
      return nil
    }
    self.init(
      exit: exit, cause: json["ended_by"]?.stringValue.flatMap(Cause.init(rawValue:)),
      wasKilled: json["killed"]?.boolValue ?? false,
      passedOn: json["passed_on"]?.intValue.map { Int($0) },
      usage: ProgramUsage(json: json), found: json["found"]?.stringValue)
  }
}
