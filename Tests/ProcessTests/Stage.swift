import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Logging
import Testing

/// The two databases that every process test runs on.
enum DatabaseKind: String, CaseIterable, CustomTestStringConvertible {
  case sqlite = "SQLite"
  case postgres = "PostgreSQL"

  var testDescription: String { rawValue }
}

/// One test's world: a library with a scan behind it and changes since, the outcome that an undisturbed scan of them has,
/// and a database in which the same scan is about to be disturbed.
struct Stage {
  let library: Library
  let folder: TemporaryFolder
  /// Only where the test kills it; the others share one.
  let server: PostgresServer?
  let url: DatabaseURL
  let store: SQLStore
  /// What an undisturbed scan ended with.
  let expected: Outcome

  static func set(_ kind: DatabaseKind, ownServer: Bool = false) async throws -> Stage {
    let library = try Library()
    let folder = try TemporaryFolder(prefix: "holdfast-stage")
    let server: PostgresServer?
    let url: DatabaseURL
    switch kind {
    case .sqlite:
      server = nil
      url = .sqlite(path: folder.path("holdfast.db"))
    case .postgres:
      let own = ownServer ? try await PostgresServer.start() : nil
      server = own
      if let own {
        url = try await own.createDatabase()
      } else {
        url = try await PostgresServer.shared().createDatabase()
      }
    }
    let undisturbed = DatabaseURL.sqlite(path: folder.path("undisturbed.db"))
    for database in [undisturbed, url] {
      _ = try await scan(library, database, folder, expecting: .exited(0))
    }
    try library.change()
    let number = try await scan(library, undisturbed, folder, expecting: .exited(2))
    let reference = try await open(undisturbed)
    let expected = try await Outcome(of: try await find(number, in: reference), in: reference)
    await reference.close()
    #expect(expected.status == .partial)
    #expect(expected.counts.added > 0 && expected.counts.updated > 0)
    #expect(expected.counts.removed > 0 && expected.counts.moved > 0)
    return Stage(
      library: library, folder: folder, server: server, url: url, store: try await open(url),
      expected: expected)
  }

  // MARK: Processes

  /// Gives all further processes a configuration file with this content.
  func configure(_ yaml: String) throws {
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: folder.path("holdfast.yaml")))
  }

  private var configuration: [String] {
    let path = folder.path("holdfast.yaml")
    return FileManager.default.fileExists(atPath: path) ? ["--config", path] : []
  }

  func worker(_ name: String = "one", slots: Int = 1) throws -> HoldfastProcess {
    try HoldfastProcess(
      ["worker", "--name", name, "--slots", "\(slots)", "--data-dir", folder.path("data-\(name)")]
        + configuration,
      environment: environment)
  }

  func serve() throws -> HoldfastProcess {
    try HoldfastProcess(
      ["serve", "--port", "0", "--slots", "1", "--data-dir", folder.path("data-serve")]
        + configuration,
      environment: environment)
  }

  /// As an operator would: the database's name in the environment, where no list of processes shows it.
  var environment: [String: String] { ["DATABASE_URL": Self.text(of: url)] }

  /// Submits the scan of the changed library and returns it.
  func submit() async throws -> Scan { try await submit(library.root, Library.arguments) }

  /// Submits scans of folders of one file each.
  func submitSmallScans(count: Int) async throws -> [Scan] {
    var scans: [Scan] = []
    for number in 0..<count {
      let course = folder.path("small-\(number)/category/course")
      try FileManager.default.createDirectory(
        atPath: course, withIntermediateDirectories: true)
      try Data([1]).write(to: URL(fileURLWithPath: "\(course)/lesson.mp4"))
      scans.append(try await submit(folder.path("small-\(number)"), []))
    }
    return scans
  }

  func submit(_ root: String, _ arguments: [String]) async throws -> Scan {
    let (end, output, log) = try await HoldfastProcess.run(
      ["scan", "library", root, "--detach", "--json", "--data-dir", folder.path("data")]
        + configuration + arguments, environment: environment)
    try #require(end == .exited(0), "\(log)")
    let scan = try JSONDecoder().decode(Scan.self, from: Data(output.utf8))
    #expect(scan.status == .pending || scan.status == .running)
    return scan
  }

  // MARK: Waiting

  /// Waits until the scan is in its middle: running, with work done, a checkpoint to resume from, and not at its end. A brake
  /// on its runners makes sure that there is a middle.
  @discardableResult
  func middle(of scan: Scan, attempt: Int = 1) async throws -> Scan {
    let found = try await eventually("the middle of the scan", within: .seconds(60)) {
      let now = try await Self.find(scan.number, in: store)
      if now.status.isTerminal {
        throw WaitedTooLong(description: "the scan ended before its middle: \(now.status)")
      }
      let isInMiddle =
        now.status == .running && now.attempt == attempt && (now.progress?.done ?? 0) > 0
        && now.checkpoint != nil
        && (now.checkpointAt ?? now.createdAt) >= (now.claimedAt ?? now.createdAt)
      return isInMiddle ? now : nil
    }
    return found
  }

  /// Waits for the scan's end and compares it with the undisturbed one's.
  func expectUndisturbedOutcome(
    of scan: Scan, within limit: Duration = .seconds(90),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let ended = try await eventually("the end of the scan", within: limit) {
      let now = try await Self.find(scan.number, in: store)
      return now.status.isTerminal ? now : nil
    }
    let outcome = try await Outcome(of: ended, in: store)
    let differences = outcome.differences(from: expected)
    #expect(
      differences.isEmpty, "\(differences.joined(separator: "\n"))",
      sourceLocation: sourceLocation)
  }

  func current(_ scan: Scan) async throws -> Scan { try await Self.find(scan.number, in: store) }

  /// The types of the scan's events, oldest first.
  func story(of scan: Scan) async throws -> [String] {
    var types: [String] = []
    var cursor: String?
    repeat {
      let page = try await store.events(of: scan.id, cursor: cursor, limit: 500)
      types += page.items.map(\.eventType)
      cursor = page.nextCursor
    } while cursor != nil
    return types
  }

  /// What lies in the folder of a worker's breadcrumbs.
  func breadcrumbs(of worker: String) -> [String] {
    let path = folder.path("data-\(worker)/breadcrumbs")
    // No folder holds nothing.
    return (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
  }

  /// How much a worker has journaled because the database did not take it.
  func journalBytes(of worker: String) -> Int {
    let journals = folder.path("data-\(worker)/journals")
    let names = FileManager.default.enumerator(atPath: journals)?.compactMap { $0 as? String } ?? []
    return names.reduce(0) { sum, name in
      // A file that has just been delivered is gone, and counts for nothing.
      let facts = try? FileManager.default.attributesOfItem(atPath: "\(journals)/\(name)")
      guard facts?[.type] as? FileAttributeType == .typeRegular else { return sum }
      return sum + (facts?[.size] as? Int ?? 0)
    }
  }

  /// Runs SQL as an operator's shell would, outside Holdfast.
  func shell(_ sql: String) async throws -> String {
    switch url {
    case .sqlite(let path): return try await SQLiteShell.run(sql, path: path)
    case .postgres:
      if let server { return try await server.psql(sql, url: url) }
      return try await PostgresServer.shared().psql(sql, url: url)
    }
  }

  // MARK: Helpers

  private static func open(_ url: DatabaseURL) async throws -> SQLStore {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await SQLStore.open(url: url, maxConnections: 2, logger: logger)
  }

  /// The scan, also while the database is being killed and started: a store that cannot be reached is asked again.
  private static func find(_ number: Int64, in store: SQLStore) async throws -> Scan {
    try await eventually("the database") {
      do throws(StoreError) {
        return try await store.scan(.number(number))
      } catch {
        guard error.isTransient else { throw error }
        return nil
      }
    }
  }

  /// Runs a whole scan of the library with the command line's own worker.
  private static func scan(
    _ library: Library, _ url: DatabaseURL, _ folder: TemporaryFolder,
    expecting end: HoldfastProcess.End
  ) async throws -> Int64 {
    let arguments =
      ["scan", "library", library.root, "--json", "--data-dir", folder.path("data")]
      + Library.arguments
    let run = try await HoldfastProcess.run(
      arguments, environment: ["DATABASE_URL": text(of: url)])
    try #require(run.end == end, "\(run.output) \(run.log)")
    return try JSONDecoder().decode(Scan.self, from: Data(run.output.utf8)).number
  }

  private static func text(of url: DatabaseURL) -> String {
    switch url {
    case .sqlite(let path): "sqlite:\(path)"
    case .postgres(let uri): uri
    }
  }
}
