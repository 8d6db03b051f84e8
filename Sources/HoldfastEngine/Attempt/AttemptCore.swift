package import HoldfastCore

/// Decides what is done in one attempt: it takes in what happens and answers with what to do. It holds no process, no clock
/// and no database, so that every course of events can be tried in a test.
package struct AttemptCore {
  /// What happens to an attempt.
  package enum Input: Sendable {
    /// The runner could not be started.
    case notStarted(String)
    /// What the previous scan of the target left has been looked up.
    case baseline(Baseline.Summary?)
    /// Messages in their order, read at one time.
    case messages([RunnerMessage])
    /// The runner wrote something that is not a message.
    case unreadable(String)
    /// The runner closed its output and lives on.
    case outputClosed
    /// The process has ended, nothing of its output is left, and these were its last words.
    case exited(RunnerExit, lastLines: [String])
    case stop(StopCause)
    case timer(Timer)
    /// All reports up to this one are safe: in the database, or in the journal on this machine's disk.
    case safe(upTo: Int64)
    /// All reports up to this one are in the database.
    case applied(upTo: Int64)
    case settled(WorkerMessage.Settlement?)
    /// Why the process hangs, or ended, has been found out; `nil` if nothing could be.
    case diagnosed(JSONValue?)
    /// What its worker suspects of it, or does no more.
    case doubt(AttemptDoubt)
    /// Somebody wants to know why the process does what it does.
    case look
    /// Whether the runner's output is being read. It is not while too much waits to be written.
    case reading(Bool)
    /// A request for the baseline has been answered.
    case answered
  }

  /// What is to be done.
  package enum Action: Sendable, Equatable {
    case send(WorkerMessage)
    case closeInput
    case signal(Int32)
    case report(AttemptReport, sequence: Int64)
    case sendBaselineIndex
    case sendBaselineParts([String])
    case settle(removalLimit: Int64?)
    /// Write what has been reported at once; something waits for it.
    case flushReports
    /// Find out why the process hangs, while it still does.
    case diagnose
    /// Find out what can be of a process that has ended; `nil` for one that the kernel does not let go.
    case autopsy(RunnerExit?)
    /// Store a diagnosis that somebody waits for, past all reports that wait to be written.
    case tell(JSONValue)
    case arm(Timer, seconds: Double)
    case disarm(Timer)
    /// A line that the runner wants logged.
    case log(level: String, message: String)
    /// What the worker itself has to say of the attempt.
    case note(level: String, message: String)
    /// The process has ended and its slot is free.
    case freeSlot
    /// Nothing more will happen.
    case done
  }

  package enum Timer: String, Sendable, CaseIterable {
    /// For `ready`.
    case ready
    /// For the next step of the ladder.
    case ladder
    /// For the process's end after `finished`.
    case exit
    /// For the next ping.
    case ping
    /// For the end of a wait that the runner declared.
    case wait
    /// For what is found out about a process that has ended.
    case autopsy
  }

  /// Why a runner is to be ended. The later in the list, the stronger: a stronger cause replaces a weaker one.
  package enum StopCause: Sendable, Equatable {
    case drain
    case pause
    case cancel
    /// The sweep holds it for stuck.
    case recover(RecoveryOrder)
    /// It does not speak the protocol, or no longer answers; the text says how.
    case faulty(String)
    /// The lease could not be renewed in time and may be given away.
    case leaseUnsure(secondsLeft: Double)
    /// Another attempt has the scan, or nobody may have it any more.
    case superseded

    var rank: Int {
      switch self {
      case .drain: 0
      case .pause: 1
      case .cancel: 2
      case .recover: 3
      case .faulty: 4
      case .leaseUnsure: 5
      case .superseded: 6
      }
    }
  }

  enum Phase: Equatable {
    case preparing(isReady: Bool, baseline: Baseline.Summary??)
    case running
    /// `finished` has come, or the runner has been given up; its process is still there.
    case ending
    /// The process is gone, and what it left is being looked at.
    case examining(RunnerExit, lastLines: [String])
    /// The end is reported and not yet in the database.
    case reported(sequence: Int64)
    case over
  }

  let claim: Claim
  let policy: Policy
  let patience: Patience
  /// 0 to 1, for the delay after a crash.
  let jitter: Double
  /// What the runner is to run, for kinds that are programs.
  let program: ProgramSpec?

  var phase: Phase = .preparing(isReady: false, baseline: nil)
  var finish: RunnerMessage.Finish?
  var stopCause: StopCause?
  var ladder: StopLadder?
  var diagnosis: JSONValue?
  /// The ladder waits for a diagnosis.
  var isDiagnosing = false
  /// A diagnosis that was asked for is on its way.
  var isLooking = false
  /// So is one for the runner itself, which is about to end what it supervises.
  var isLookingForRunner = false
  var sequence: Int64 = 0
  var safeSequence: Int64 = 0
  var appliedSequence: Int64 = 0
  /// Reports that bear a checkpoint the runner has not been told of, oldest first.
  var unacknowledged: [(sequence: Int64, checkpoint: Int64)] = []
  /// A request to settle waits until all reports before it are in the database.
  var pendingSettle: (after: Int64, removalLimit: Int64?)?
  var openRequests = 0
  var pings: Int64 = 0
  var unansweredPings = 0
  var isRead = true

  /// A runner that has left so many pings unanswered, and said nothing else, is ended.
  static let maxUnansweredPings = 3
  /// How long a diagnosis may hold up the end of a stuck runner.
  static let diagnosisSeconds = 3.0
  /// How long what a dead runner left may hold up its scan.
  static let autopsySeconds = 0.5
  /// How long the kernel may take to end a process that has been killed.
  static let killSeconds = 30.0
  /// Requests for the baseline that a runner may have open at once.
  static let maxOpenRequests = 64

  package init(
    claim: Claim, policy: Policy, patience: Patience, jitter: Double,
    program: ProgramSpec? = nil
  ) {
    self.program = program
    self.claim = claim
    self.policy = policy
    self.patience = patience
    self.jitter = jitter
  }

  package var isOver: Bool { phase == .over }

  /// What to do before anything happens.
  package mutating func begin() -> [Action] {
    [.arm(.ready, seconds: patience.readySeconds)]
  }

  package mutating func handle(_ input: Input) -> [Action] {
    guard phase != .over else { return [] }
    return switch input {
    case .notStarted(let why): notStarted(why)
    case .baseline(let summary): baselineKnown(summary)
    case .messages(let messages): received(messages)
    case .unreadable(let why): fault(why)
    case .outputClosed: outputClosed()
    case .exited(let exit, let lines): exited(exit, lastLines: lines)
    case .stop(let cause): stop(cause)
    case .timer(let timer): fired(timer)
    case .safe(let upTo): safe(upTo: upTo)
    case .applied(let upTo): applied(upTo: upTo)
    case .settled(let settlement): settled(settlement)
    case .diagnosed(let found): diagnosed(found)
    case .look: look()
    case .reading(let isRead): reading(isRead)
    case .doubt(let doubt): doubted(doubt)
    case .answered: answered()
    }
  }
}
