import Foundation
import HoldfastStorage

/// Other queues doing the same no-op work, on the same machine and, where they use one, the same database server.
struct Peers {
  let folder: BenchFolder
  let databases: BenchDatabases

  func run(into table: inout Table) async throws {
    say("Peers: installing Procrastinate and huey into a virtual environment")
    let environment = folder.path("venv")
    try await holdfast_bench.run("python3", ["-m", "venv", environment])
    try await holdfast_bench.run(
      "\(environment)/bin/pip",
      [
        "install", "--quiet", "--disable-pip-version-check", "procrastinate[psycopg2]",
        "psycopg[binary]", "huey",
      ])
    let python = "\(environment)/bin/python"
    guard case .postgres(let uri) = try await databases.make(.postgres) else {
      throw BenchFailure("not PostgreSQL")
    }
    let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("peers").path
    let procrastinate = try await figures(python, "\(scripts)/procrastinate_peer.py", uri)
    let huey = try await figures(python, "\(scripts)/huey_peer.py", folder.path("huey.db"))
    add("submitted", "PostgreSQL", "Procrastinate", procrastinate["submitted"], to: &table)
    add("worked off", "PostgreSQL", "Procrastinate", procrastinate["worked"], to: &table)
    add("worked off", "SQLite", "huey", huey["worked"], to: &table)
    for percent in ["p50", "p99"] {
      guard let value = procrastinate[percent] else { continue }
      let own = table.value(of: "submission to start \(percent), PostgreSQL")
      table.add(
        Row(
          "Procrastinate, submission to start \(percent)", value, "ms", .lowerIsBetter,
          reference: own.map { ("Holdfast", $0) }))
    }
  }

  private func add(
    _ what: String, _ database: String, _ peer: String, _ value: Double?, to table: inout Table
  ) {
    guard let value else { return }
    let own = table.value(of: "\(what), \(database)")
    table.add(
      Row(
        "\(peer), \(what), \(database)", value, "jobs/s", .higherIsBetter,
        reference: own.map { ("Holdfast", $0) }))
  }

  /// A script prints one JSON object of figures.
  private func figures(
    _ python: String, _ script: String, _ argument: String
  ) async throws -> [String: Double] {
    say("Peers: \(URL(fileURLWithPath: script).lastPathComponent)")
    let output = try await holdfast_bench.run(python, [script, argument]).output
    guard let line = output.split(separator: "\n").last else {
      throw BenchFailure("\(script) printed nothing")
    }
    return try JSONDecoder().decode([String: Double].self, from: Data(line.utf8))
  }
}
