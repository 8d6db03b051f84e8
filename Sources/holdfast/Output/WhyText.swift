import FoundationEssentials
import HoldfastCore
import HoldfastEngine

/// The answer to why a scan does what it does, for an operator: two sentences, then what they rest on.
struct WhyText {
  private let answer: Investigation.Answer
  private let diagnosis: Diagnosis?
  private let terminal: Terminal

  init(_ answer: Investigation.Answer, terminal: Terminal) {
    self.answer = answer
    self.terminal = terminal
    diagnosis = answer.diagnosis.flatMap { json in
      // What an older program stored in another shape has its sentence at least.
      try? JSONDecoder().decode(Diagnosis.self, from: Data(json.serialized.utf8))
    }
  }

  var lines: [String] {
    var lines = [terminal.style(plain(answer.sentence), .bold)]
    if let sentence = diagnosis?.sentence ?? answer.diagnosis?["sentence"]?.stringValue {
      lines.append(plain(told(sentence)))
    }
    if let note = answer.note { lines.append(terminal.style(plain("Note: \(note)."), .yellow)) }
    lines += section("Evidence", signals + evidence)
    lines += section("Last lines", diagnosis?.evidence.logLines.suffix(10).map { ("", $0) } ?? [])
    lines += section("It is not", lost)
    return lines
  }

  /// What moves and computes does not spin.
  private func told(_ sentence: String) -> String {
    let isMoving = ["moving", "slow"].contains(answer.verdict?["verdict"]?.stringValue)
    guard isMoving, diagnosis?.class == .spinning, let colon = sentence.firstIndex(of: ":") else {
      return sentence
    }
    return "Busy" + sentence[colon...]
  }

  // MARK: Sections

  private func section(_ title: String, _ rows: [(name: String, text: String)]) -> [String] {
    guard !rows.isEmpty else { return [] }
    let width = rows.map { DisplayText.width(of: $0.name) }.max() ?? 0
    return ["", terminal.style(title, .bold)]
      + rows.map { row in
        let name = terminal.style(DisplayText.padded(row.name, to: width), .dim)
        return width == 0 ? "  \(plain(row.text))" : "  \(name)  \(plain(row.text))"
      }
  }

  private var signals: [(String, String)] {
    (answer.verdict?["evidence"]?.arrayValue ?? []).compactMap { entry in
      guard let signal = entry["signal"]?.stringValue, let text = entry["text"]?.stringValue else {
        return nil
      }
      return (signal, text)
    }
  }

  private var lost: [(String, String)] {
    (answer.verdict?["lost"]?.arrayValue ?? []).compactMap { entry in
      guard let verdict = entry["verdict"]?.stringValue, let because = entry["because"]?.stringValue
      else { return nil }
      return (verdict.replacing("_", with: " "), because)
    }
  }

  private var evidence: [(String, String)] {
    guard let diagnosis else { return [] }
    let evidence = diagnosis.evidence
    var rows = [("class", diagnosis.class.rawValue.replacing("_", with: " ")), ("looked", looked)]
    if let crumb = evidence.breadcrumb {
      rows += [
        ("step", crumb.step), ("at", crumb.current), ("waiting for", crumb.waitingFor),
      ].filter { !$0.1.isEmpty }
    }
    for (index, process) in evidence.processes.enumerated() {
      rows.append((index == 0 ? "runner" : "child", words(process)))
      rows += process.threads.prefix(12).map { ("  thread", words($0)) }
      rows += process.locks.map { ("  lock", words($0)) }
      rows += process.sockets.prefix(12).map {
        ("  socket", "\($0.descriptor): \($0.peer.isEmpty ? "no peer" : $0.peer), \($0.state)")
      }
    }
    if let memory = evidence.memory, memory.residentBytes > 0 || memory.kills > 0 {
      rows.append(("memory", words(memory)))
    }
    return rows + evidence.gaps.map { ("not seen", $0) }
  }

  private var looked: String {
    let when = answer.diagnosedAt.map { ScanView.localTime($0) } ?? "at an unknown time"
    switch answer.source {
    case .here: return "here, \(when)"
    case .worker: return "by its worker \(answer.scan.workerName ?? ""), \(when)"
    case .stored, .none: return "earlier, \(when)"
    }
  }

  // MARK: Words

  private func words(_ process: ProcessFacts) -> String {
    let command = process.commandLine.joined(separator: " ")
    let name = command.isEmpty ? process.name : command
    if process.hasVanished { return "\(process.processID) \(name): ended while it was looked at" }
    let cpu = (process.cpuSeconds * 1000).rounded() / 1000
    return "\(process.processID) \(name): \(cpu) s of processor time and "
      + "\(Quantity.bytes(process.ioBytes)) moved between two looks, "
      + "\(Quantity.bytes(process.residentBytes)) of memory, \(process.threadCount) threads"
  }

  private func words(_ thread: ProcessFacts.Thread) -> String {
    var text = "\(thread.threadID) \(thread.name): \(state(thread.state))"
    if !thread.waitChannel.isEmpty { text += " in \(thread.waitChannel)" }
    guard let call = thread.systemCall else { return text }
    text += ", \(call.name)"
    if let descriptor = call.descriptor { text += " of descriptor \(descriptor)" }
    if let target = call.resolved.map(words), !target.isEmpty { text += " (\(target))" }
    return text
  }

  private func words(_ target: ProcessFacts.Descriptor) -> String {
    switch target {
    case .file(let path): path
    case .socket(let peer): peer.isEmpty ? "a socket" : "socket to \(peer)"
    case .pipe: "a pipe"
    case .namedPipe(let path): "the pipe \(path)"
    case .other(let text): text
    }
  }

  private func words(_ lock: ProcessFacts.Lock) -> String {
    let holders = lock.holders.map { "\($0.name) (\($0.processID))" }.joined(separator: ", ")
    let held = holders.isEmpty ? "" : ", held by \(holders)"
    return "\(lock.isWaiting ? "waits for" : "holds") \(lock.file ?? "a file")\(held)"
  }

  private func words(_ memory: DiagnosisEvidence.Memory) -> String {
    var text = Quantity.bytes(memory.residentBytes)
    if let limit = memory.limitBytes { text += " of \(Quantity.bytes(limit))" }
    if memory.kills > 0 { text += "; the kernel has killed \(memory.kills) times for want of it" }
    return text
  }

  private func state(_ letter: String) -> String {
    switch letter {
    case "R": "runs"
    case "S": "sleeps"
    case "D": "waits inside the kernel (D)"
    case "T": "stopped"
    case "t": "stopped by a debugger"
    case "Z": "ended"
    default: letter
    }
  }

  private func plain(_ text: String) -> String { DisplayText.escaped(text) }
}
