import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore
import Synchronization

/// Follows all runners of a worker: what their process trees do, as the operating system tells it,
/// and what they say. It hands the signs of life to the heartbeat, and suspects what is silent for
/// longer than scans like it ever are.
final class RunnerWatch: Sendable {
  /// What an attempt is told of itself.
  enum Tidings: Sendable {
    /// To be reported.
    case doubt(AttemptDoubt)
    /// Find out why it does not move; ``RunnerWatch/diagnosed(_:_:)`` takes the answer.
    case diagnose
  }

  private struct Entry {
    var kind: String
    var target: String
    var policy: Policy
    var watch: AttemptWatch
    var processID: Int32?
    var identity: ProcessIdentity?
    var sample: ActivitySample?
    /// Signs since the last beat that was answered.
    var isActive = false
    var hasAnswered = false
    var diagnosis: JSONValue?
    var diagnosedAt: Double?
    var wasSlow = false
    var tell: @Sendable (Tidings) -> Void
  }

  private struct State {
    var entries: [Lease: Entry] = [:]
    var isEnding = false
  }

  /// The longest time from one sample to the next, and the shortest.
  static let longestPauseSeconds = 5.0
  static let shortestPauseSeconds = 0.25
  /// A diagnosis that did not agree with the suspicion is made anew after so long.
  static let rediagnoseSeconds = 60.0

  private let library: RhythmLibrary?
  private let sampler = ActivitySampler()
  private let bell: Doorbell
  private let state = Mutex(State())
  private let born = ContinuousClock.now

  /// - Parameter library: what scans have taught; without one nothing is ever suspected.
  init(library: RhythmLibrary?, eventLoop: any EventLoop) {
    self.library = library
    bell = Doorbell(eventLoop: eventLoop)
  }

  private var now: Double { (ContinuousClock.now - born).seconds }

  // MARK: What attempts tell

  /// - Parameter tell: passes on what the attempt is to know; it does nothing else.
  func add(_ claim: Claim, policy: Policy, tell: @escaping @Sendable (Tidings) -> Void) {
    let scan = claim.scan
    let entry = Entry(
      kind: scan.kind, target: scan.target, policy: policy,
      watch: AttemptWatch(claimedAt: now, last: scan.progress), tell: tell)
    state.withLock { $0.entries[claim.lease] = entry }
    bell.ring(after: pauseSeconds)
  }

  func remove(_ lease: Lease) {
    state.withLock { $0.entries[lease] = nil }
  }

  func started(_ lease: Lease, processID: Int32) {
    state.withLock { $0.entries[lease]?.processID = processID }
  }

  func heard(_ lease: Lease, _ messages: [RunnerMessage]) {
    let now = now
    state.withLock { state in
      guard var entry = state.entries[lease] else { return }
      for message in messages {
        switch message {
        case .progress(let progress, _): entry.watch.reported(progress, at: now)
        case .pong: entry.hasAnswered = true
        case .waiting(_, let seconds) where seconds > 0:
          entry.watch.waits(atMost: seconds, at: now)
        case .waiting: entry.watch.waitEnded(at: now)
        default: break
        }
      }
      state.entries[lease] = entry
    }
  }

  /// Why an attempt that is suspected does not move.
  func diagnosed(_ lease: Lease, _ diagnosis: JSONValue) {
    let now = now
    let doubt = state.withLock { state -> (AttemptDoubt, @Sendable (Tidings) -> Void)? in
      guard var entry = state.entries[lease] else { return nil }
      entry.diagnosis = diagnosis
      entry.diagnosedAt = now
      state.entries[lease] = entry
      guard let suspicion = raised(entry) else { return nil }
      return (AttemptDoubt(suspicion: suspicion, asksForLook: mayRecover(entry)), entry.tell)
    }
    if let (doubt, tell) = doubt { tell(.doubt(doubt)) }
  }

  /// What an attempt that came to its end in good health teaches.
  func rhythm(of lease: Lease) -> AttemptRhythm? {
    let now = now
    return state.withLock { state in
      state.entries[lease].map { $0.watch.finished(at: now, rate: $0.policy.suspicionRate) }
    }
  }

  // MARK: What the heartbeat takes

  /// The signs of life since the last beat that was answered.
  func pulses(of leases: [Lease]) -> [Pulse] {
    state.withLock { state in
      leases.map { lease in
        let entry = state.entries[lease]
        return Pulse(
          lease: lease, isActive: entry?.isActive ?? false,
          hasAnswered: entry?.hasAnswered ?? false)
      }
    }
  }

  /// The database has these now.
  func delivered(_ pulses: [Pulse]) {
    state.withLock { state in
      for pulse in pulses {
        if pulse.isActive { state.entries[pulse.lease]?.isActive = false }
        if pulse.hasAnswered { state.entries[pulse.lease]?.hasAnswered = false }
      }
    }
  }

  // MARK: Looking

  /// Looks until ``end()``.
  func run() async {
    bell.ring()
    var refreshedAt: Double?
    for await _ in bell.rings {
      if state.withLock(\.isEnding) { return }
      if refreshedAt.map({ now - $0 >= RhythmLibrary.refreshSeconds }) ?? true {
        await library?.refresh()
        refreshedAt = now
      }
      await look()
      bell.ring(after: pauseSeconds)
    }
  }

  func end() {
    state.withLock { $0.isEnding = true }
    bell.takeDown()
  }

  private var pauseSeconds: Double {
    let shortest = state.withLock { state in
      state.entries.values.map(\.policy.heartbeatIntervalSeconds).min()
    }
    return max(
      Self.shortestPauseSeconds, min(Self.longestPauseSeconds, shortest ?? .infinity))
  }

  private func look() async {
    await identify()
    let roots = state.withLock { $0.entries.values.compactMap(\.identity) }
    let samples = await sampler.sample(roots)
    let now = now
    let tidings = state.withLock { state in
      state.entries.keys.flatMap { lease -> [(Tidings, @Sendable (Tidings) -> Void)] in
        guard var entry = state.entries[lease] else { return [] }
        if let sample = entry.identity.flatMap({ samples[$0] }) { take(sample, &entry, at: now) }
        let found = judge(&entry, at: now)
        state.entries[lease] = entry
        return found.map { ($0, entry.tell) }
      }
    }
    for (tiding, tell) in tidings { tell(tiding) }
  }

  /// Whom the process ids stand for: asked once, soon after the start, while nobody else can have
  /// the id, since its parent is this process and has not collected it.
  private func identify() async {
    let unknown = state.withLock { state in
      state.entries.compactMap { lease, entry in
        entry.identity == nil ? entry.processID.map { (lease, $0) } : nil
      }
    }
    guard !unknown.isEmpty else { return }
    let found = await sampler.identities(of: unknown.map(\.1))
    state.withLock { state in
      for (lease, processID) in unknown {
        state.entries[lease]?.identity = found[processID]
      }
    }
  }

  private func take(_ sample: ActivitySample, _ entry: inout Entry, at now: Double) {
    // The first sample has nothing to compare with; a process that has just started has moved.
    let hasMoved = entry.sample.map { sample.hasMoved(since: $0) } ?? true
    entry.sample = sample
    entry.isActive = entry.isActive || hasMoved
    entry.watch.sampled(hasMoved: hasMoved, at: now)
  }

  // MARK: Suspecting

  private func judge(_ entry: inout Entry, at now: Double) -> [Tidings] {
    guard let library else { return [] }
    let expected = library.expectation(
      kind: entry.kind, target: entry.target, rate: entry.policy.suspicionRate)
    let change = entry.watch.judge(expected, policy: entry.policy, at: now)
    let isOtherRate = entry.watch.isSlow != entry.wasSlow
    entry.wasSlow = entry.watch.isSlow
    if change != nil {
      entry.diagnosis = Optional<JSONValue>.none
      entry.diagnosedAt = nil
    }
    var tidings: [Tidings] = []
    if change != nil || isOtherRate {
      tidings.append(
        .doubt(
          AttemptDoubt(
            change: change, suspicion: raised(entry),
            asksForLook: isOtherRate || change != nil && mayRecover(entry))))
    }
    if change == .raised || isDiagnosisDue(entry, at: now) {
      entry.diagnosedAt = now
      tidings.append(.diagnose)
    }
    return tidings
  }

  private func isDiagnosisDue(_ entry: Entry, at now: Double) -> Bool {
    guard entry.watch.doubt != nil, entry.policy.suspicion == .diagnosed, !mayRecover(entry),
      let last = entry.diagnosedAt
    else { return false }
    return now - last >= Self.rediagnoseSeconds
  }

  private func raised(_ entry: Entry) -> RaisedSuspicion? {
    entry.watch.doubt.map { doubt in
      RaisedSuspicion(
        signal: doubt.signal, step: doubt.step, silenceSeconds: doubt.silenceSeconds,
        limit: doubt.limit,
        probability: library?.probability(
          of: doubt, kind: entry.kind, target: entry.target, rate: entry.policy.suspicionRate),
        overdueSeconds: doubt.overdueSeconds, diagnosis: entry.diagnosis)
    }
  }

  /// Whether the policy lets this suspicion recover: then the sweep need not wait for its next look.
  private func mayRecover(_ entry: Entry) -> Bool {
    guard let suspicion = raised(entry) else { return false }
    switch entry.policy.suspicion {
    case .ignore, .report: return false
    case .diagnosed: return suspicion.diagnosedClass?.agreesWithHang ?? false
    case .recover: return true
    }
  }
}
