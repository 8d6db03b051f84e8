import FoundationEssentials
package import HoldfastCore

/// Says why a runner does what it does, or why it ended: what `holdfast why` prints, and what a
/// worker stores before it ends a stuck runner.
package struct Why: Sendable {
  /// Who is asked about, and what is known beside the operating system's own evidence.
  package struct Question: Sendable {
    package var root: ProcessIdentity
    package var breadcrumbs: BreadcrumbFile?
    /// The last messages of the runner and lines of its standard error, the newest last.
    package var logLines: [String]
    /// How it ended, where the worker has seen its end.
    package var exit: DiagnosisEvidence.Exit?
    /// A first look taken earlier, so that the growth since then tells more than that of a moment.
    package var earlier: EvidenceLook?
    package var watch: OutOfMemoryWatch?
    /// Of its last sample, for a runner that has ended: its memory then.
    package var lastMemory: DiagnosisEvidence.Memory?

    package init(
      root: ProcessIdentity, breadcrumbs: BreadcrumbFile? = nil, logLines: [String] = [],
      exit: DiagnosisEvidence.Exit? = nil, earlier: EvidenceLook? = nil,
      watch: OutOfMemoryWatch? = nil, lastMemory: DiagnosisEvidence.Memory? = nil
    ) {
      self.root = root
      self.breadcrumbs = breadcrumbs
      self.logLines = logLines
      self.exit = exit
      self.earlier = earlier
      self.watch = watch
      self.lastMemory = lastMemory
    }
  }

  /// Log lines that a diagnosis keeps.
  private static let mostLogLines = 40

  private let collector: EvidenceCollector
  private let thread = BlockingThread()

  package init(collector: EvidenceCollector = EvidenceCollector()) {
    self.collector = collector
  }

  /// Collects the evidence, harvests the breadcrumbs and classifies. Takes the collector's
  /// interval, and never longer than twice its limit.
  package func diagnose(_ question: Question) async -> Diagnosis {
    var evidence = await collector.collect(
      question.root, since: question.earlier, watch: question.watch)
    if let exit = question.exit { evidence.exit = exit }
    // What a zombie holds is nothing any more.
    if evidence.exit != nil || evidence.processes.isEmpty, var memory = question.lastMemory {
      memory.kills = evidence.memory?.kills ?? memory.kills
      evidence.memory = memory
    }
    evidence.logLines = question.logLines.map(SecretMask.text)
    if let file = question.breadcrumbs { await add(file, to: &evidence) }
    evidence.logLines = Array(evidence.logLines.suffix(Self.mostLogLines))
    return Diagnosis.classify(evidence)
  }

  /// The diagnosis of a runner whose end its worker has seen: nothing is left to look at but what it left. Takes milliseconds.
  package func autopsy(
    exit: DiagnosisEvidence.Exit, breadcrumbs: BreadcrumbFile?, logLines: [String],
    watch: OutOfMemoryWatch?
  ) async -> Diagnosis {
    var evidence = DiagnosisEvidence(overSeconds: 0, exit: exit)
    let kills = await thread.run { watch?.kills() ?? 0 }
    if kills > 0 { evidence.memory = .init(residentBytes: 0, kills: kills) }
    evidence.logLines = logLines.map(SecretMask.text)
    if let breadcrumbs { await add(breadcrumbs, to: &evidence) }
    evidence.logLines = Array(evidence.logLines.suffix(Self.mostLogLines))
    return Diagnosis.classify(evidence)
  }

  /// The diagnosis of a runner that died with its worker, seen by a later life: its breadcrumbs alone.
  package func posthumous(_ breadcrumbs: BreadcrumbFile) async -> Diagnosis {
    var evidence = DiagnosisEvidence(overSeconds: 0)
    await add(breadcrumbs, to: &evidence)
    evidence.logLines = Array(evidence.logLines.suffix(Self.mostLogLines))
    evidence.gaps.append(
      "its worker was gone before it could look; these are the runner's breadcrumbs")
    return Diagnosis(
      class: .exited, sentence: "Exited: together with its worker\(Diagnosis.place(evidence)).",
      evidence: evidence)
  }

  /// Whoever has this process id now; `nil` if nobody has.
  func identity(_ processID: Int32) async -> ProcessIdentity? {
    await thread.run { ProcessIdentity.now(processID) }
  }

  /// The diagnosis of whoever has this process id now; `nil` if nobody has.
  package func diagnose(processID: Int32) async -> Diagnosis? {
    guard let root = await thread.run({ ProcessIdentity.now(processID) }) else { return nil }
    return await diagnose(Question(root: root))
  }

  private func add(_ file: BreadcrumbFile, to evidence: inout DiagnosisEvidence) async {
    let harvest = await thread.run { () -> Result<BreadcrumbTrail, BreadcrumbFile.Failure> in
      do throws(BreadcrumbFile.Failure) {
        return .success(try file.harvest())
      } catch {
        return .failure(error)
      }
    }
    switch harvest {
    case .failure(let failure): evidence.gaps.append("no breadcrumbs: \(failure)")
    case .success(let trail):
      if trail.processID == 0 { return }
      evidence.breadcrumb = .init(
        step: trail.step?.text ?? "", current: trail.current?.text ?? "",
        waitingFor: trail.waitingFor?.text ?? "")
      // What the runner told its worker comes after what it noted for itself; a line told both ways
      // is kept once.
      let told = Set(evidence.logLines)
      evidence.logLines = trail.log.map(\.text).filter { !told.contains($0) } + evidence.logLines
    }
  }
}

extension Diagnosis {
  /// As it is stored and as `holdfast why --json` prints it; keys are sorted.
  package func json() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      // Figures that are not finite are the only ones that JSON has no form for, and there are
      // none.
      preconditionFailure("a diagnosis has a JSON form: \(error)")
    }
  }
}
