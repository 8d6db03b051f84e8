import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// One transaction as those who judge see it.
struct Step {
  var milliseconds: Int64
  var databaseNow: Timestamp
  var process: SimProcess
  var request: Request
  var changes: [Change]
}

/// What happens outside the database and matters to a promise.
enum WorldEvent {
  case runnerStarted(SimRunner)
  case runnerEnded(SimRunner)
  case claimed([Claim], WorkerLife)
  case answered(AttemptReport, ReportOutcome, askedAt: Int64)
  case beaten([Lease], BeatOutcome, askedAt: Int64)
  /// A runner was told that its checkpoint up to `next` is durable.
  case checkpointAcknowledged(SimRunner, next: Int64)
  /// A submission was refused; `holder` is the scan that is said to hold the scope.
  case refused(scope: String?, holder: Scan?, error: StoreError?)
  /// A dry run listed `planned`, and the real run at the same instant did `done`.
  case rehearsed(planned: Set<ScanID>, done: Set<ScanID>, changesOfRehearsal: Int64)
  /// The database is reachable and a sweeper lives since then; told every ten seconds.
  case goodTimes(since: Int64)
}

/// A promise of Holdfast's, checked at whatever points suffice, from the database's own contents and from what happened.
protocol Invariant: Sendable {
  /// Just before a transaction.
  mutating func before(_ request: Request, _ world: World)
  /// Just after one that was committed.
  mutating func after(_ step: Step, _ world: World)
  mutating func saw(_ event: WorldEvent, _ world: World)
  mutating func atTheEnd(_ world: World)
}

extension Invariant {
  mutating func before(_ request: Request, _ world: World) {}
  mutating func after(_ step: Step, _ world: World) {}
  mutating func saw(_ event: WorldEvent, _ world: World) {}
  mutating func atTheEnd(_ world: World) {}
}

func allInvariants() -> [any Invariant] {
  [
    OneLease(), OneHolderOfAScope(), SupersededWritesChangeNothing(), TerminalStaysTerminal(),
    TransitionsHaveEvents(), ItemsAreExact(), NothingStaysStuck(), HealthyScansAreSpared(),
    DryRunsChangeNothing(), OneClock(),
  ]
}
