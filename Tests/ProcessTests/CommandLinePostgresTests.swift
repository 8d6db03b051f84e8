import Foundation
import Glibc
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

/// The command line over PostgreSQL, named by `DATABASE_URL`.
@Suite struct CommandLinePostgresTests {
  private func environment(_ url: DatabaseURL) throws -> [String: String] {
    guard case .postgres(let uri) = url else {
      throw WaitedTooLong(description: "not PostgreSQL: \(url)")
    }
    return ["DATABASE_URL": uri]
  }

  private func library(in folder: TemporaryFolder) throws -> String {
    let course = URL(fileURLWithPath: folder.path("library/physics/optics"))
    try FileManager.default.createDirectory(at: course, withIntermediateDirectories: true)
    try Data([1, 2, 3]).write(to: course.appendingPathComponent("lesson.pdf"))
    return folder.path("library")
  }

  @Test func scansByItself() async throws {
    let folder = try TemporaryFolder()
    let database = try await PostgresServer.shared().createDatabase()
    let environment = try environment(database)
    let result = try await HoldfastProcess.run(
      ["scan", "library", try library(in: folder), "--data-dir", folder.path("data"), "--json"],
      environment: environment)
    #expect(result.end == .exited(0), "\(result.log)")
    let scan = try JSONDecoder().decode(Scan.self, from: Data(result.output.utf8))
    #expect(scan.counts.added == 1)
    let list = try await HoldfastProcess.run(["list", "--json"], environment: environment)
    let page = try JSONDecoder().decode(Page<Scan>.self, from: Data(list.output.utf8))
    #expect(page.items == [scan])
  }

  @Test func followsOverAnOutageOfTheDatabase() async throws {
    let folder = try TemporaryFolder()
    let server = try await PostgresServer.start()
    let environment = try environment(try await server.createDatabase())
    let root = try library(in: folder)
    // A sparse file: hashing it lasts longer than this test.
    let film = root + "/physics/optics/film.mp4"
    try Data().write(to: URL(fileURLWithPath: film))
    try #require(truncate(film, 4 << 40) == 0)
    let command = try HoldfastProcess(
      ["scan", "library", root, "--hash", "--data-dir", folder.path("data")],
      environment: environment)
    func wait(for text: String) async throws {
      _ = try await eventually("“\(text)” in \(command.log)", within: .seconds(60)) {
        command.log.contains(text) ? true : nil
      }
    }
    try await wait(for: "scan 1 running")
    try await server.kill9()
    try await wait(for: "; trying again")
    #expect(command.isRunning)
    try await server.restart()
    try await wait(for: "The database is back.")
    command.signal(SIGTERM)
    #expect(try await command.waitForEnd(within: .seconds(60)) == .exited(75))
    let shown = try await HoldfastProcess.run(["show", "1", "--json"], environment: environment)
    let scan = try JSONDecoder().decode(Scan.self, from: Data(shown.output.utf8))
    #expect(scan.status == .pending)
  }

  @Test func aNewerDatabaseIsRefused() async throws {
    let server = try await PostgresServer.shared()
    let database = try await server.createDatabase()
    let environment = try environment(database)
    let migrated = try await HoldfastProcess.run(["migrate"], environment: environment)
    #expect(migrated.end == .exited(0), "\(migrated.log)")
    // What a newer holdfast would leave: a step that this one does not know.
    _ = try await server.psql(
      "INSERT INTO holdfast_migrations (number, name, applied_at) VALUES (999, 'future', now())",
      url: database)
    for command in ["list", "migrate"] {
      let result = try await HoldfastProcess.run([command], environment: environment)
      #expect(result.end == .exited(78), "\(result.log)")
      #expect(result.log.contains("use a newer holdfast"), "\(result.log)")
    }
  }
}
