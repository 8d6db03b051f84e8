/// Something that goes wrong, or that somebody does, at a time.
package struct Fault: Sendable, Hashable {
  package enum Kind: String, Sendable, CaseIterable {
    case killRunner, hangRunner, killWorker, loseMachine, killSweeper, stopWorker, stopSweeper
    case partitionWorker, partitionSweeper, loseAnswers, delayMessages, repeatMessages
    case slowDatabase, fullDatabase, databaseDown, databaseClockStep, machineClockStep
    case secondWorkerOfSameName, drainWorker
    case cancel, pause, resume, retry, unlock, sqlFail, sqlPending, sqlCancel, dryRun
    case submitAgain

    /// How often it comes, beside the others.
    var weight: Int {
      switch self {
      case .killRunner, .killWorker, .stopWorker, .partitionWorker, .loseAnswers, .delayMessages: 4
      case .hangRunner, .killSweeper, .stopSweeper, .repeatMessages: 3
      case .dryRun, .submitAgain, .pause: 4
      case .cancel, .resume, .retry, .drainWorker, .loseMachine: 2
      default: 1
      }
    }
  }

  package var kind: Kind
  package var at: Int64
  package var milliseconds: Int64
  /// Chooses whom it hits.
  package var choice: Int
  /// How bad it is, 0 to 1.
  package var degree: Double

  static func make(
    before end: Int64, size: Scenario.Size, _ random: inout SimRandom
  ) -> Fault {
    var place = random.index(Kind.allCases.reduce(0) { $0 + $1.weight })
    var kind = Kind.killRunner
    for candidate in Kind.allCases {
      kind = candidate
      place -= candidate.weight
      if place < 0 { break }
    }
    // Mostly shorter than what makes a heartbeat stale, now and then much longer.
    let span = random.chance(0.55) ? random.span(500...20_000) : random.span(20_000...150_000)
    return Fault(
      kind: kind, at: random.span(0...end), milliseconds: span, choice: random.index(1 << 20),
      degree: random.unit())
  }
}

extension Fault: CustomStringConvertible {
  package var description: String {
    "\(at / 1000) s: \(kind.rawValue) for \(milliseconds) ms (choice \(choice), degree \(Int(degree * 100)) %)"
  }
}
