extension Diagnosis {
  /// The share of one processor from which a process counts as spinning.
  static let spinningShare = 0.8
  /// The share of its memory limit from which a process that shows nothing else counts as out of
  /// memory.
  static let fullShare = 0.98

  /// How programs end that meet their limit of memory: killed, or by their own hand where they
  /// could not go on.
  private static let deadlyWhenFull: Set<Int32> = [4, 5, 6, 7, 9, 11]

  /// Why a runner does not move.
  ///
  /// The end of the process, then the kernel's kills for want of memory, speak for themselves.
  /// Otherwise each thread of each process of the tree is read on its own, and the finding that
  /// explains most wins: stopped, out of memory, blocked in a disk, spinning, a lock on a file, a
  /// connection, an event loop with connections, and at last a process of which *all* threads sleep
  /// in locks. What merely waits for something else in the tree (a child, a pipe) loses to it, and of processes that show the same, the one
  /// furthest from the runner is named. Of a command, what runs it counts only where it cannot run it.
  package static func classify(_ evidence: DiagnosisEvidence) -> Diagnosis {
    if let exit = evidence.exit { return ended(exit, evidence) }
    let best = bestFinding(evidence)
    if let kills = evidence.memory?.kills, kills > 0, best?.1.weight ?? .nothing < .stopped {
      let times = kills == 1 ? "once" : "\(kills) times"
      return Diagnosis(
        class: .outOfMemory, signal: SignalName.of(9),
        sentence: "Out of memory: the kernel has killed \(times) in its group\(usage(evidence)).",
        evidence: evidence)
    }
    if isFull(evidence), best?.1.weight ?? .nothing <= .partner {
      return Diagnosis(
        class: .outOfMemory, sentence: "Out of memory: its tree is at its limit\(usage(evidence)).",
        evidence: evidence)
    }
    guard let (process, finding) = best else {
      return Diagnosis(
        class: .unknown, sentence: "Unknown: no process of it could be looked at.",
        evidence: evidence)
    }
    return Diagnosis(
      class: finding.class, processID: process.processID, peer: finding.peer, file: finding.file,
      signal: finding.signal,
      sentence: "\(heading(finding.class)): \(process.name) (\(process.processID)) \(finding.text)"
        + "\(movement(process, evidence))\(place(evidence)).",
      evidence: evidence)
  }

  private static func bestFinding(
    _ evidence: DiagnosisEvidence
  ) -> (ProcessFacts, ThreadFinding)? {
    let findings = evidence.processes.compactMap { process in
      self.findings(in: process, over: evidence.overSeconds)
        .max { $0.weight < $1.weight }.map { (process, $0) }
    }
    // Around a command are its guard and the runner, which wait for it and pass its output on, unless they cannot.
    let guards = evidence.processes.filter { process in
      process.threads.contains { $0.name == ProcessFacts.guardThreadName }
    }
    let around = Set(guards.flatMap { [$0.processID, $0.parentID] })
    let telling = findings.filter { process, finding in
      finding.weight >= .disk || !around.contains(process.processID)
    }
    // Of equals the last: parents come first, and wait for what their children do.
    return (telling.isEmpty ? findings : telling).reversed().max { $0.1.weight < $1.1.weight }
  }

  private static func findings(in process: ProcessFacts, over seconds: Double) -> [ThreadFinding] {
    var findings = process.threads.map { ThreadFinding($0, of: process) }
    let share = seconds > 0 ? process.cpuSeconds / seconds : 0
    // On a busy machine, what it would have used counts too.
    let wanted = seconds > 0 ? (process.cpuSeconds + process.queuedSeconds) / seconds : 0
    if process.cpuSeconds > 0, wanted >= spinningShare {
      findings.append(
        ThreadFinding(
          .spinning, .spinning, "uses \(Int(share * 100)) % of a processor"))
    }
    let asleep = process.threads.filter { $0.state == "S" }
    if !asleep.isEmpty, asleep.count == process.threads.count,
      asleep.allSatisfy({ $0.systemCall?.name.hasPrefix("futex") == true })
    {
      let all = asleep.count == 1 ? "its only thread" : "all \(asleep.count) threads"
      findings.append(
        ThreadFinding(.lockOfAll, .waitingOnLock, "waits for a lock in memory, with \(all)"))
    }
    return findings
  }

  private static func ended(
    _ exit: DiagnosisEvidence.Exit, _ evidence: DiagnosisEvidence
  ) -> Diagnosis {
    let kills = evidence.memory?.kills ?? 0
    switch exit {
    case .signal(9) where kills > 0:
      return Diagnosis(
        class: .outOfMemory, signal: SignalName.of(9),
        sentence: "Out of memory: the kernel killed it\(usage(evidence))\(place(evidence)).",
        evidence: evidence)
    case .signal(let number) where deadlyWhenFull.contains(number) && isFull(evidence):
      return Diagnosis(
        class: .outOfMemory, signal: SignalName.of(number),
        sentence: "Out of memory: ended by \(SignalName.of(number)) at its limit"
          + "\(usage(evidence))\(place(evidence)).",
        evidence: evidence)
    case .signal(let number):
      return Diagnosis(
        class: .exited, signal: SignalName.of(number),
        sentence: "Exited: ended by \(SignalName.of(number))\(place(evidence)).",
        evidence: evidence)
    case .code(let code):
      return Diagnosis(
        class: .exited, exitCode: code,
        sentence: "Exited: with code \(code)\(place(evidence)).", evidence: evidence)
    }
  }

  private static func isFull(_ evidence: DiagnosisEvidence) -> Bool {
    guard let memory = evidence.memory, let limit = memory.limitBytes, limit > 0 else {
      return false
    }
    return Double(memory.residentBytes) >= Double(limit) * fullShare
  }

  // MARK: Words

  private static func heading(_ class: Class) -> String {
    switch `class` {
    case .waitingOnNetwork: "Waiting on the network"
    case .waitingOnDisk: "Waiting on a disk"
    case .waitingOnLock: "Waiting on a lock"
    case .spinning: "Spinning"
    case .stopped: "Stopped"
    case .outOfMemory: "Out of memory"
    case .exited: "Exited"
    case .unknown: "Unknown"
    }
  }

  private static func usage(_ evidence: DiagnosisEvidence) -> String {
    // Nobody measured the memory of what died before it was looked at.
    guard let memory = evidence.memory, memory.residentBytes > 0 else { return "" }
    let used = memory.residentBytes / 1_048_576
    guard let limit = memory.limitBytes else { return ", at \(used) MiB" }
    return ", at \(used) of \(limit / 1_048_576) MiB"
  }

  private static func movement(_ process: ProcessFacts, _ evidence: DiagnosisEvidence) -> String {
    let over = SpanText.describe(seconds: evidence.overSeconds)
    if process.cpuSeconds <= 0, process.ioBytes <= 0 {
      return "; no processor time and no byte in \(over)"
    }
    let cpu = (process.cpuSeconds * 100).rounded() / 100
    return "; \(cpu) s of processor time and \(process.ioBytes) bytes in \(over)"
  }

  package static func place(_ evidence: DiagnosisEvidence) -> String {
    guard let crumb = evidence.breadcrumb else { return "" }
    var text = crumb.step.isEmpty ? "" : ", in step “\(crumb.step)”"
    if !crumb.current.isEmpty { text += ", at \(crumb.current)" }
    if !crumb.waitingFor.isEmpty { text += ", waiting for \(crumb.waitingFor)" }
    return text
  }
}
