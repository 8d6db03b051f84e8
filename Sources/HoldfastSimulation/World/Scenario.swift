package import HoldfastCore

/// All that is decided about a world before it begins: who works, what is to be done, and what goes wrong when. Made from a
/// seed, and made smaller when a failure is looked into.
package struct Scenario: Sendable {
  package struct Size: Sendable {
    package var workers: Int
    package var slots: Int
    package var scans: Int
    package var hours: Double
    package var sweepers: Int
    /// How many faults an hour.
    package var faultsPerHour: Double

    package init(
      workers: Int = 3, slots: Int = 2, scans: Int = 14, hours: Double = 0.25, sweepers: Int = 2,
      faultsPerHour: Double = 140
    ) {
      self.workers = workers
      self.slots = slots
      self.scans = scans
      self.hours = hours
      self.sweepers = sweepers
      self.faultsPerHour = faultsPerHour
    }
  }

  /// What a scan's runners do.
  package enum Nature: String, Sendable, CaseIterable {
    /// Works to its end.
    case sound
    /// Ends with a fatal error of its own.
    case failing
    /// Kills its runner in every attempt.
    case poison
    /// Its first attempt hangs, answers pings, and works when run again.
    case hangsOnce
    /// Every attempt hangs.
    case hangsAlways
    /// Reports an item error.
    case flawed
    /// Declares a wait in the middle and ends it.
    case waits
    /// Stops only when it is killed.
    case stubborn
  }

  package struct SimScan: Sendable {
    package var index: Int
    package var submittedAt: Int64
    package var kind: String
    package var target: String
    package var units: Int
    /// Milliseconds that a unit takes at most.
    package var unitMilliseconds: Int64
    package var nature: Nature
  }

  package var seed: UInt64
  package var size: Size
  package var scans: [SimScan]
  package var faults: [Fault]
  /// After the last fault all is healed, and everything has to end.
  package var demandsLiveness: Bool

  package var endMilliseconds: Int64 { Int64(size.hours * 3_600_000) }

  package init(seed: UInt64, size: Size = Size(), demandsLiveness: Bool = true) {
    self.seed = seed
    self.size = size
    self.demandsLiveness = demandsLiveness
    var random = SimRandom(seed: seed ^ 0x5CE4_A210)
    let end = Int64(size.hours * 3_600_000)
    scans = (0..<size.scans).map { Self.scan($0, before: end, &random) }
    let count = Int(size.faultsPerHour * size.hours * (0.5 + random.unit()))
    faults = (0..<count).map { _ in Fault.make(before: end, size: size, &random) }
      .sorted { $0.at < $1.at }
  }

  private static func scan(
    _ index: Int, before end: Int64, _ random: inout SimRandom
  ) -> SimScan {
    let nature: Nature = random.chance(0.5) ? .sound : Nature.allCases[random.index(8)]
    return SimScan(
      index: index, submittedAt: random.span(0...(end * 3 / 4)),
      kind: kinds[random.index(kinds.count)],
      // Fewer targets than scans, so that some collide in their scope.
      target: "t\(random.index(max(2, 1 + index * 2 / 3)))", units: 4 + random.index(24),
      unitMilliseconds: random.span(200...6000), nature: nature)
  }

  static let kinds = ["library", "site", "portal", "audit"]

  /// What holds for the scans of the world: the defaults, made shorter so that an hour holds many recoveries.
  package static let policies = PolicyBook(
    kinds: [
      "library": PolicyOverride(values: [
        .heartbeatIntervalSeconds: .number(10), .stallAfterSeconds: .number(60),
        .maxRuntimeMinutes: .number(6), .waitingCapMinutes: .number(1),
      ]),
      "site": PolicyOverride(values: [
        .heartbeatIntervalSeconds: .number(5), .stallAfterSeconds: .number(40),
        .maxRuntimeMinutes: .number(4), .waitingCapMinutes: .number(1),
        .cancellingTimeoutSeconds: .number(5),
      ]),
      "audit": PolicyOverride(values: [
        .heartbeatIntervalSeconds: .number(5), .stallAfterSeconds: .number(30),
        .maxRuntimeMinutes: .number(3), .waitingCapMinutes: .number(1),
        .movement: .choice("progress"), .onStuck: .choice("fail"),
      ]),
      "portal": PolicyOverride(values: [
        .stallAfterSeconds: .number(120), .waitingCapMinutes: .number(2),
      ]),
    ])

  static func policy(_ kind: String, _ target: String) -> Policy {
    known[kind] ?? policies.effective(kind: kind, target: target).policy
  }

  private static let known = Dictionary(
    uniqueKeysWithValues: policies.kinds.keys.map { ($0, policies.effective(kind: $0).policy) })
}
