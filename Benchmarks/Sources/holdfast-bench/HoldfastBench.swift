import ArgumentParser
import Foundation

/// `make bench`: measures Holdfast beside its targets and prints one table; `--peers` runs other queues in the same run.
@main
struct HoldfastBench: AsyncParsableCommand {
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case queue, latency, library, scans, idle, run
    case sweep, heartbeats, recovery, hangs, suspicion, service
  }

  static let configuration = CommandConfiguration(
    commandName: "holdfast-bench",
    abstract:
      "Measures Holdfast's queue, library scans, whole scans, idle costs, supervision, and the service under load."
  )

  @Option(help: "The release binary under measurement.")
  var holdfast: String

  @Option(
    help: """
      Only these parts (\(Part.allCases.map(\.rawValue).joined(separator: ", "))); without it all but \
      hangs, which wait for the default stall window of ten minutes on each database.
      """)
  var only: [Part] = []

  @Option(help: "Only this database, in the queue's measurements: SQLite or PostgreSQL.")
  var database: BenchDatabases.Kind?

  @Flag(help: "Also measure Procrastinate and huey, on the same machine and database server.")
  var peers = false

  @Option(help: "Scans worked off in each run of the queue's benchmark.")
  var queueScans = 40_000

  @Option(help: "Files in the library.")
  var files = 500_000

  @Option(help: "Runs of each measurement; the table shows the median.")
  var runs = 5

  @Option(help: "Scans stored in the sweep's benchmark; a hundredth of them runs.")
  var sweepScans = 10_000_000

  @Option(help: "Running scans in the heartbeats' benchmark.")
  var runningScans = 100_000

  @Option(help: "Kills and hangs of each kind in the recovery's benchmark.")
  var kills = 100

  @Option(help: "Real library scans, and real programs, in the suspicion's benchmark.")
  var realScans = 1500

  @Option(help: "Scans stored in the service's benchmark.")
  var storedScans = 1_000_000

  @Option(help: "Open streams of events in the service's benchmark.")
  var streams = 10_000

  @Option(help: "Where the benchmark's files go; removed at the end.")
  var folder = FileManager.default.temporaryDirectory.path

  func validate() throws {
    guard FileManager.default.isExecutableFile(atPath: holdfast) else {
      throw ValidationError("\(holdfast) is not a program; build it with `make build`")
    }
    guard runs > 0, files >= 1000, queueScans >= 1000 else {
      throw ValidationError("at least one run, 1000 files and 1000 scans")
    }
  }

  func run() async throws {
    let parts = Set(only.isEmpty ? Part.allCases.filter { $0 != .hangs } : only)
    let place = try BenchFolder(parent: folder)
    defer { place.remove() }
    var table = Table()
    say(Machine.describe(folder: place.path))

    if !parts.isDisjoint(with: [.queue, .latency]) {
      let databases = try await BenchDatabases(folder: place)
      let kinds = database.map { [$0] } ?? BenchDatabases.Kind.allCases
      if parts.contains(.queue) {
        try await QueueBenchmark(scans: queueScans, runs: runs, databases: databases, kinds: kinds)
          .run(into: &table)
      }
      if parts.contains(.latency) {
        try await LatencyBenchmark(rounds: 300, databases: databases, kinds: kinds).run(
          into: &table)
      }
      if peers { try await Peers(folder: place, databases: databases).run(into: &table) }
      try await databases.stop()
    }
    if parts.contains(.library) {
      try await LibraryBenchmark(binary: holdfast, files: files, runs: runs, folder: place)
        .run(into: &table)
    }
    if parts.contains(.scans) {
      try await WholeScanBenchmark(binary: holdfast, scans: 200, runs: runs, folder: place)
        .run(into: &table)
    }
    if parts.contains(.idle) {
      try await IdleBenchmark(binary: holdfast, runs: runs, folder: place).run(into: &table)
    }
    if parts.contains(.run) {
      try await RunBenchmark(binary: holdfast, runs: runs, folder: place).run(into: &table)
    }
    try await supervision(parts, place, into: &table)
    if parts.contains(.service) {
      let databases = try await BenchDatabases(folder: place)
      try await ServiceBenchmark(
        binary: holdfast, scans: storedScans, streams: streams, perSecond: 500,
        databases: databases, kinds: database.map { [$0] } ?? BenchDatabases.Kind.allCases,
        folder: place
      ).run(into: &table)
      try await databases.stop()
    }
    say("\n" + table.rendered)
  }

  private func supervision(
    _ parts: Set<Part>, _ place: BenchFolder, into table: inout Table
  ) async throws {
    if !parts.isDisjoint(with: [.sweep, .heartbeats, .recovery, .hangs]) {
      let databases = try await BenchDatabases(folder: place)
      if parts.contains(.sweep) {
        try await SweepBenchmark(scans: sweepScans, databases: databases).run(into: &table)
      }
      if parts.contains(.heartbeats) {
        try await HeartbeatBenchmark(scans: runningScans, intervals: 2, databases: databases)
          .run(into: &table)
      }
      let recovery = RecoveryBenchmark(binary: holdfast, samples: kills, databases: databases)
      if parts.contains(.recovery) { try await recovery.run(into: &table) }
      if parts.contains(.hangs) { try await recovery.hangs(into: &table) }
      try await databases.stop()
    }
    if parts.contains(.suspicion) {
      try await SuspicionBenchmark(binary: holdfast, realScans: realScans).run(into: &table)
    }
  }
}
