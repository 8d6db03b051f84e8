import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Have scans submitted at certain times.",
    discussion: """
      Any `holdfast serve` or `holdfast worker` submits them; of several, the one that leads the sweep, \
      and each run once.
      """,
    subcommands: [
      ScheduleAddCommand.self, ScheduleListCommand.self, ScheduleRemoveCommand.self,
      ScheduleNextCommand.self,
    ])
}

struct ScheduleAddCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Add a schedule: --cron with a --zone, or --every.",
    discussion: """
      Where the clocks of the zone are put forward, a time of day that is left out is due right after \
      the gap; where they are put back, one that comes twice is due the first time. An expression \
      whose hour is * follows the time that passes. The very same schedule again changes nothing.
      """)

  @Argument(help: ArgumentHelp("What it is called, such as nightly.", valueName: "name"))
  var name: String

  @OptionGroup var subject: ScanSubject

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Minute, hour, day of the month, month, day of the week, such as '0 3 * * *'; or @daily.",
      valueName: "expression"))
  var cron: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The zone of --cron, such as Europe/Berlin. (default: UTC)", valueName: "name"))
  var zone: String?

  @Option(
    name: .long,
    help: ArgumentHelp("From one run to the next, such as 90s, 15m, 12h or 7d.", valueName: "time"))
  var every: WholeTimeSpan?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What becomes of runs that nobody was there to submit: skip passes them over, once runs the newest.",
      valueName: "policy"))
  var missed = MissedRuns.once

  @Option(
    name: .customLong("param"),
    help: ArgumentHelp(
      "A parameter of the scans, such as hash=true; can be given again.", valueName: "name=value"))
  var params: [ParameterArgument] = []

  @Option(
    name: .long,
    help: ArgumentHelp("From -100 to 100; larger is run sooner.", valueName: "number"))
  var priority = 0

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    let draft = try self.draft(composition.configuration.kinds)
    let store = try await composition.openForWork(connections: 2)
    let addition = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).add(draft)
    }
    await store.close()
    let schedule: Schedule
    switch addition {
    case .created(let made), .existing(let made): schedule = made
    case .nameTaken, .keyUsed:
      throw CommandFailure(
        .failed, "another schedule is called \(name)",
        detail: "`holdfast schedule remove \(name)` makes room")
    }
    if output.json {
      try program.printJSON(schedule)
    } else {
      let next = schedule.nextAt.map { "next at \($0.shortText) UTC" } ?? "never due"
      program.output.write("Schedule \(name): \(next).\n")
    }
    return .success
  }

  private func draft(_ kinds: KindBook) throws(CommandFailure) -> ScheduleDraft {
    let members = Dictionary(params.map { ($0.name, $0.value) }) { _, last in last }
    let (target, params) = try subject.canonical(params: .object(members))
    do throws(ScheduleDraft.Refusal) {
      return try ScheduleDraft(
        name: name, kind: subject.kind, target: target, params: params, priority: priority,
        cron: cron, zone: zone, everySeconds: every?.seconds, missed: missed, createdBy: "cli",
        kinds: kinds, knowsZone: Zones.isKnown)
    } catch {
      throw CommandFailure(.usage, error.description)
    }
  }
}

struct ScheduleListCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List schedules by name.")

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  private struct List: Encodable {
    var items: [Schedule]
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let schedules = try await askStore { () async throws(StoreError) in
      try await store.schedules(tenantID: "default")
    }
    await store.close()
    if output.json {
      try program.printJSON(List(items: schedules))
    } else if schedules.isEmpty {
      program.output.write("There are no schedules.\n")
    } else {
      var table = Table(Self.columns, terminal: program.output)
      program.output.write(table.lines(for: schedules.map(Self.row)).joined(separator: "\n") + "\n")
    }
    return .success
  }

  private static let columns: [Table.Column] = [
    .init("Name"), .init("When", minimum: 12), .init("Kind"), .init("Target", minimum: 16),
    .init("Next (UTC)"), .init("Last", minimum: 9),
  ]

  private static func row(_ schedule: Schedule) -> [Table.Cell] {
    let when =
      schedule.cron.map { "\($0) \(schedule.zone)" }
      ?? "every \(SpanText.describe(seconds: Double(schedule.everySeconds ?? 0)))"
    return [
      .init(schedule.name), .init(when), .init(schedule.kind), .init(schedule.target),
      .init(schedule.nextAt?.shortText ?? "never"), .init(schedule.lastOutcome ?? ""),
    ]
  }
}

struct ScheduleRemoveCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a schedule; the scans that it has made stay.")

  @Argument(help: ArgumentHelp("What it is called.", valueName: "name"))
  var name: String

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let removed = try await askStore { () async throws(StoreError) in
      try await store.removeSchedule(named: name, tenantID: "default")
    }
    await store.close()
    guard let removed else { throw CommandFailure.noSuchSchedule(name) }
    if output.json {
      try program.printJSON(removed)
    } else {
      program.output.write("Schedule \(removed.name) is removed.\n")
    }
    return .success
  }
}

struct ScheduleNextCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "Print when a schedule's next scans are due, in UTC.")

  @Argument(help: ArgumentHelp("What it is called.", valueName: "name"))
  var name: String

  @Option(name: .long, help: ArgumentHelp("How many to print.", valueName: "count"))
  var count = 5

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  private struct Next: Encodable {
    var name: String
    var times: [Timestamp]
  }

  func validate() throws {
    guard (1...100).contains(count) else {
      throw ValidationError("--count: \(count) is not from 1 to 100")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let (found, now) = try await askStore { () async throws(StoreError) in
      (try await store.schedule(named: name, tenantID: "default"), try await store.now())
    }
    await store.close()
    guard let found else { throw CommandFailure.noSuchSchedule(name) }
    let times = try found.upcoming(count, after: now)
    if output.json {
      try program.printJSON(Next(name: found.name, times: times))
    } else {
      program.output.write(times.map { "\($0.shortText)\n" }.joined())
    }
    return .success
  }
}

/// A time in one unit, such as `90s`, `15m`, `12h` or `7d`.
struct WholeTimeSpan: ExpressibleByArgument {
  let seconds: Int64

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let last = argument.last, let unit = units[last],
      let count = Int64(argument.dropLast()), count > 0
    else { return nil }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    self.seconds = seconds
  }
}

extension MissedRuns: ExpressibleByArgument {}

extension CommandFailure {
  fileprivate static func noSuchSchedule(_ name: String) -> CommandFailure {
    CommandFailure(
      .failed, "there is no schedule \(DisplayText.escaped(name))",
      detail: "`holdfast schedule list` shows them")
  }
}

extension Timestamp {
  /// `2026-03-29 01:00`.
  fileprivate var shortText: String {
    String(description.prefix(16)).replacing("T", with: " ")
  }
}
