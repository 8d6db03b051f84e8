/// Why a runner does not move, from the operating system's own evidence.
package struct Diagnosis: Sendable, Hashable, Codable {
  package enum Class: String, Sendable, Hashable, Codable, CaseIterable {
    case waitingOnNetwork = "waiting_on_network"
    case waitingOnDisk = "waiting_on_disk"
    case waitingOnLock = "waiting_on_lock"
    /// It burns processor time.
    case spinning
    /// By a signal or a debugger.
    case stopped
    case outOfMemory = "out_of_memory"
    case exited
    case unknown

    /// As a sentence goes on: “…, and it waits for the network”.
    package var phrase: String {
      switch self {
      case .waitingOnNetwork: "it waits for the network"
      case .waitingOnDisk: "it waits for a disk"
      case .waitingOnLock: "it waits for a lock"
      case .spinning: "it spins"
      case .stopped: "it is stopped"
      case .outOfMemory: "it is out of memory"
      case .exited: "it has exited"
      case .unknown: "nobody knows why"
      }
    }

    /// See ``Diagnosis/agreesWithHang``.
    package var agreesWithHang: Bool {
      switch self {
      case .waitingOnNetwork, .waitingOnDisk, .waitingOnLock, .stopped, .outOfMemory, .exited: true
      case .spinning, .unknown: false
      }
    }
  }

  package var `class`: Class
  /// The process at fault.
  package var processID: Int32?
  /// The address at fault, `10.0.0.5:443`.
  package var peer: String?
  /// The file at fault.
  package var file: String?
  /// The signal at fault: `SIGKILL`, `SIGSTOP`.
  package var signal: String?
  package var exitCode: Int32?
  /// For an operator.
  package var sentence: String
  package var evidence: DiagnosisEvidence

  package init(
    class: Class, processID: Int32? = nil, peer: String? = nil, file: String? = nil,
    signal: String? = nil, exitCode: Int32? = nil, sentence: String, evidence: DiagnosisEvidence
  ) {
    self.class = `class`
    self.processID = processID
    self.peer = peer
    self.file = file
    self.signal = signal
    self.exitCode = exitCode
    self.sentence = sentence
    self.evidence = evidence
  }

  /// Whether it makes a suspicion of a hang more likely. A process that computes may be about to
  /// finish, and `unknown` says nothing; everything else cannot go on by itself, or waits for
  /// something that has not come for longer than ever.
  package var agreesWithHang: Bool { self.class.agreesWithHang }

  enum CodingKeys: String, CodingKey {
    case `class`, peer, file, signal, sentence, evidence
    case processID = "pid"
    case exitCode = "exit_code"
  }
}
