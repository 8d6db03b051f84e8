import HoldfastCore
import Testing

@Suite struct LifecycleTests {
  /// What the design's table says, written down a second time by hand: one row for each status, one
  /// column for each event. A dash is a transition that must not exist.
  static let table = """
    from      | claim   complete  completePartially fail   requeue pause  unpause cancel    retry expire
    pending   | running -         -                 -      -       -      -       cancelled - failed
    running   | -       completed partial           failed pending paused -       cancelled - -
    paused    | -       -         -                 -      -       -      pending cancelled - -
    completed | -       -         -                 -      -       -      -       -         - -
    partial   | -       -         -                 -      -       -      -       -         pending -
    failed    | -       -         -                 -      -       -      -       -         pending -
    cancelled | -       -         -                 -      -       -      -       -         pending -
    """

  struct Cell: Sendable, CustomTestStringConvertible {
    var from: ScanStatus
    var event: Lifecycle.Event
    var expected: ScanStatus?
    var testDescription: String { "\(from.rawValue) × \(event.rawValue)" }
  }

  static let cells: [Cell] = {
    let rows = table.split(separator: "\n").map { $0.split(whereSeparator: { " |".contains($0) }) }
    let events = rows[0].dropFirst().compactMap { Lifecycle.Event(rawValue: String($0)) }
    return rows.dropFirst().flatMap { row in
      zip(events, row.dropFirst()).compactMap { event, cell in
        ScanStatus(rawValue: String(row[0])).map {
          Cell(from: $0, event: event, expected: ScanStatus(rawValue: String(cell)))
        }
      }
    }
  }()

  @Test func theTableNamesEveryCellOnce() {
    #expect(Self.cells.count == ScanStatus.allCases.count * Lifecycle.Event.allCases.count)
    #expect(Set(Self.cells.map(\.testDescription)).count == Self.cells.count)
  }

  @Test(arguments: LifecycleTests.cells) func eachCell(_ cell: Cell) {
    #expect(Lifecycle.status(after: cell.event, from: cell.from) == cell.expected)
  }

  @Test(arguments: Lifecycle.Event.allCases) func sourcesAreTheColumn(_ event: Lifecycle.Event) {
    let column = Self.cells.filter { $0.event == event && $0.expected != nil }.map(\.from)
    #expect(Set(Lifecycle.sources(of: event)) == Set(column))
    #expect(!column.isEmpty, "an event that can never happen")
  }

  @Test func onlyAnOperatorLeavesATerminalStatus() {
    for status in ScanStatus.allCases where status.isTerminal {
      for event in Lifecycle.Event.allCases where event != .retry {
        #expect(Lifecycle.status(after: event, from: status) == nil)
      }
    }
  }

  @Test func activeAndTerminalDivideTheStatuses() {
    #expect(ScanStatus.allCases.filter(\.isActive) == [.pending, .running, .paused])
    #expect(
      ScanStatus.allCases.filter(\.isTerminal) == [.completed, .partial, .failed, .cancelled])
  }
}
