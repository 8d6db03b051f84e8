/// What a runner's breadcrumbs say.
package struct BreadcrumbTrail: Sendable, Hashable, Codable {
  package struct Crumb: Sendable, Hashable, Codable {
    package var text: String
    /// Of the monotonic clock of the machine that wrote it.
    package var nanoseconds: UInt64
    /// Its text was longer than a slot.
    package var isCut: Bool

    package init(text: String, nanoseconds: UInt64, isCut: Bool = false) {
      self.text = text
      self.nanoseconds = nanoseconds
      self.isCut = isCut
    }

    enum CodingKeys: String, CodingKey {
      case text, nanoseconds
      case isCut = "is_cut"
    }
  }

  /// The process that wrote them; 0 if none did.
  package var processID: Int32
  package var step: Crumb?
  package var current: Crumb?
  /// `nil` if it waits for nothing that it told of.
  package var waitingFor: Crumb?
  /// The oldest first.
  package var log: [Crumb]
  /// Slots that a death in the middle of a write, or damage, made unreadable.
  package var tornSlots: Int

  package init(
    processID: Int32 = 0, step: Crumb? = nil, current: Crumb? = nil, waitingFor: Crumb? = nil,
    log: [Crumb] = [], tornSlots: Int = 0
  ) {
    self.processID = processID
    self.step = step
    self.current = current
    self.waitingFor = waitingFor
    self.log = log
    self.tornSlots = tornSlots
  }

  /// The time of the newest crumb of all.
  package var lastNanoseconds: UInt64? {
    ([step, current, waitingFor].compactMap { $0 } + log).map(\.nanoseconds).max()
  }

  enum CodingKeys: String, CodingKey {
    case step, current, log
    case processID = "pid"
    case waitingFor = "waiting_for"
    case tornSlots = "torn_slots"
  }
}
