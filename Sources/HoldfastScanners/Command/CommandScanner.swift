import CHoldfastSystem
import Glibc
package import HoldfastCore

/// Runs a program as a scan: any program, as it is.
package struct CommandScanner: Scanner {
  static let kindName = "command"

  package let kind = Self.kindName
  private let attachment: Attachment?

  init(attachment: Attachment?) { self.attachment = attachment }

  package func run(_ session: ScanSession) throws(SessionClosed) -> RunnerMessage.Finish {
    guard let program = session.start.program else {
      return .init(
        outcome: .failed,
        error:
          "a command runs under the `holdfast run` that was started for it, and that one is gone")
    }
    if let problem = program.problem { return .init(outcome: .failed, error: problem) }
    let run: CommandRun
    do throws(CommandRun.SetupFailure) {
      run = try CommandRun(session, program, attachment)
    } catch {
      let end = ProgramEnd(exit: .refused(reason: error.description, isMissing: false))
      Self.tell(end, attachment)
      return Self.finish(end, command: program.command, lastLines: [])
    }
    return try run.run()
  }

  /// Tells the command that this runner is attached to how its program ended.
  static func tell(_ end: ProgramEnd, _ attachment: Attachment?) {
    guard let attachment else { return }
    var writer = JSONWriter()
    writer.value(end.json)
    // Nobody is there to hear it if this fails.
    _ = writer.bytes.withUnsafeBytes {
      send(attachment.control, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
  }

  /// What the end of a program means for its scan.
  static func finish(
    _ end: ProgramEnd, command: [String], lastLines: [String]
  ) -> RunnerMessage.Finish {
    let words = ProgramEndText(end, program: command.first ?? "")
    if end.cause == .stop { return .init(outcome: .stopped, message: words.sentence) }
    if end.isByWish {
      return .init(outcome: .cancelled, message: words.sentence)
    }
    if end.exit == .status(0), end.cause == nil {
      return .init(outcome: .completed, summary: summary(end, lastLines))
    }
    let said = lastLines.isEmpty ? "" : "; its last lines: " + lastLines.joined(separator: " ⏎ ")
    let found = end.found.map { "; found: \($0)" } ?? ""
    return .init(
      outcome: .failed, error: words.sentence + found + said, summary: summary(end, lastLines),
      reason: words.reason)
  }

  private static func summary(_ end: ProgramEnd, _ lastLines: [String]) -> JSONValue {
    guard !lastLines.isEmpty, case .object(var members) = end.json else { return end.json }
    members["last_lines"] = .array(lastLines.map(JSONValue.string))
    return .object(members)
  }
}
