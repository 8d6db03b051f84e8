/// A process of the simulated world: it can be killed, stopped and continued. Its timers and messages wait while it is stopped,
/// and are lost when it is killed.
final class SimProcess: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let id: Int32
  let name: String
  private(set) var isDead = false
  private(set) var isStopped = false
  /// Since it was last continued; a process that has been stopped could do nothing about its leases.
  private(set) var lastContinuedAt: Int64 = -1
  fileprivate var parked: [Scheduler.Entry] = []

  init(id: Int32, name: String) {
    self.id = id
    self.name = name
  }

  /// `kill -STOP`.
  func stop() { isStopped = true }

  /// `kill -CONT`.
  func resume(_ scheduler: Scheduler) {
    guard isStopped else { return }
    isStopped = false
    lastContinuedAt = scheduler.now
    let waiting = parked
    parked = []
    for entry in waiting { scheduler.repeatNow(entry) }
  }

  /// `kill -9`: every wait ends, and whatever it then asks of the world fails.
  func kill(_ scheduler: Scheduler) {
    isDead = true
    let waiting = parked
    parked = []
    for entry in waiting { scheduler.repeatNow(entry) }
  }

  fileprivate func park(_ entry: Scheduler.Entry) { parked.append(entry) }
}

/// What happens when: virtual time and the events that are due in it. Time passes only from one event to the next.
///
/// All of a simulation runs in ``run(until:)`` on the thread that calls it, jobs of its tasks included, so that its classes
/// share mutable state without locks.
final class Scheduler: @unchecked Sendable {
  enum Action {
    case resume(UnsafeContinuation<Void, Never>)
    case call(() -> Void)
  }

  struct Entry {
    var time: Int64
    /// Of two events at the same time the one that was made, or let go on, first comes first.
    var sequence: Int64
    var token: Token
    /// Whose timer or message it is; `nil` for the world's own.
    var owner: SimProcess?
    var action: Action
  }

  let executor = SimExecutor()
  /// Milliseconds since the world began.
  private(set) var now: Int64 = 0
  private(set) var steps = 0
  private var heap: [Entry] = []
  private var cancelled: Set<Int64> = []
  private var sequence: Int64 = 0
  var isHalted = false

  /// Names an event that can be taken back.
  typealias Token = Int64

  @discardableResult
  func after(_ milliseconds: Int64, of owner: SimProcess?, _ body: @escaping () -> Void) -> Token {
    push(now + max(0, milliseconds), owner, .call(body))
  }

  func cancel(_ token: Token) { cancelled.insert(token) }

  /// Waits in virtual time; returns at once in a process that is dead.
  func sleep(_ milliseconds: Int64, in owner: SimProcess?) async {
    if owner?.isDead == true { return }
    await withUnsafeContinuation { continuation in
      _ = push(now + max(0, milliseconds), owner, .resume(continuation))
    }
  }

  /// As ``sleep(_:in:)``, with a token by which it can be cut short.
  func sleep(
    _ milliseconds: Int64, in owner: SimProcess?, token: (Token) -> Void,
    keep: (UnsafeContinuation<Void, Never>) -> Void
  ) async {
    if owner?.isDead == true { return }
    await withUnsafeContinuation { continuation in
      keep(continuation)
      token(push(now + max(0, milliseconds), owner, .resume(continuation)))
    }
  }

  func wakeNow(_ continuation: UnsafeContinuation<Void, Never>, of owner: SimProcess?) {
    _ = push(now, owner, .resume(continuation))
  }

  /// Starts a task of the simulation.
  func start(_ name: String, _ body: @escaping @Sendable () async -> Void) {
    Task(name: name, executorPreference: executor) { await body() }
  }

  /// Lets time pass until `end`, or until ``isHalted`` is set.
  func run(until end: Int64) {
    executor.drain()
    while !isHalted, let first = heap.first, first.time <= end {
      popFirst()
      if cancelled.remove(first.token) != nil { continue }
      now = max(now, first.time)
      steps += 1
      perform(first)
      executor.drain()
    }
    if !isHalted { now = max(now, end) }
  }

  /// Ends all waits, so that every task returns: `owners` must be dead by now.
  func unwind() {
    executor.drain()
    while let first = heap.first {
      popFirst()
      if cancelled.remove(first.token) != nil { continue }
      if case .resume(let continuation) = first.action { continuation.resume() }
      executor.drain()
    }
  }

  fileprivate func repeatNow(_ entry: Entry) {
    _ = push(now, entry.owner, entry.action, token: entry.token)
  }

  private func perform(_ entry: Entry) {
    if let owner = entry.owner, owner.isStopped, !owner.isDead { return owner.park(entry) }
    switch entry.action {
    case .resume(let continuation): continuation.resume()
    case .call(let body): if entry.owner?.isDead != true { body() }
    }
  }

  // MARK: A binary heap by (time, sequence)

  private func push(
    _ time: Int64, _ owner: SimProcess?, _ action: Action, token: Token? = nil
  ) -> Token {
    sequence += 1
    let token = token ?? sequence
    heap.append(
      Entry(time: time, sequence: sequence, token: token, owner: owner, action: action))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(child, parent) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
    return token
  }

  private func popFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if isBefore(child, least) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].sequence) < (heap[right].time, heap[right].sequence)
  }
}
