/// With what status `holdfast` ends; `docs/command-line.md` shows this table. The numbers from 64
/// on are those of `sysexits.h`, so that supervisors know them.
enum ExitStatus: Int32, Sendable, CaseIterable {
  case success = 0
  case failed = 1
  case partial = 2
  case cancelled = 3
  case usage = 64
  case noSuchScan = 66
  case databaseUnavailable = 69
  case internalError = 70
  case operatingSystem = 71
  case notYet = 75
  case configuration = 78
  case timedOut = 124
  case runFailed = 125
  case cannotRun = 126
  case notFound = 127
  case interrupted = 130
  case killed = 137
  case terminated = 143

  /// A stable word for programs, in the JSON form of errors.
  var code: String {
    switch self {
    case .success: "success"
    case .failed: "failed"
    case .partial: "partial"
    case .cancelled: "cancelled"
    case .usage: "usage"
    case .noSuchScan: "no_such_scan"
    case .databaseUnavailable: "database_unavailable"
    case .internalError: "internal_error"
    case .operatingSystem: "operating_system"
    case .notYet: "not_yet"
    case .configuration: "configuration"
    case .timedOut: "timed_out"
    case .runFailed: "run_failed"
    case .cannotRun: "cannot_run"
    case .notFound: "not_found"
    case .killed: "killed"
    case .interrupted: "interrupted"
    case .terminated: "terminated"
    }
  }

  /// When it is used, for the table in the documentation.
  var meaning: String {
    switch self {
    case .success:
      "The scan completed, or the command did what it was asked (with `--detach`: submitted)."
    case .failed: "The scan failed, or its status does not allow the action."
    case .partial: "The scan came to its end, with item errors on the way."
    case .cancelled: "The scan was cancelled."
    case .usage: "The command line is wrong."
    case .noSuchScan: "No scan has this number or UUID."
    case .databaseUnavailable: "The database cannot be reached, or is too busy. Try again."
    case .internalError: "A defect of holdfast, or a schema that somebody changed."
    case .operatingSystem:
      "The operating system refused: a port that is taken, a folder that cannot be written."
    case .notYet:
      "The scan has not ended (left running, paused, or back in the queue), or another active "
        + "scan holds its target. Try again later."
    case .configuration:
      "The file or the environment has a bad setting, or the database's schema does not fit this "
        + "holdfast."
    case .timedOut:
      "`holdfast run`: a limit (`--timeout`, `--stall`, `--no-output`) ended the command."
    case .runFailed:
      "`holdfast run` itself failed, before the command or beside it; what it says tells why."
    case .cannotRun: "`holdfast run`: the command is there and cannot be run."
    case .notFound: "`holdfast run`: there is no such command."
    case .killed: "`holdfast run`: a limit ended the command, and it had to be killed."
    case .interrupted: "Ended by Ctrl-C before anything was submitted, or by a second one."
    case .terminated: "Ended by a second SIGTERM, without draining."
    }
  }
}
