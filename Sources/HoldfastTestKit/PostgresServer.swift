import Foundation
package import HoldfastStorage
import Synchronization

/// A real PostgreSQL for tests: in a folder of its own, on a unix socket only, as an unprivileged user, gone when this
/// process is gone (however it ends).
package final class PostgresServer: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Where the socket is (libpq's `host`).
  package let socketFolder: String
  private let data: String
  private let programs: String
  private let databases = Mutex(0)
  /// Its standard input: when it closes, because we close it or because we are gone, the guard stops the server.
  private let guardian: Guardian

  /// The one server that the tests of this process share. Started at first use, without fsync.
  package static func shared() async throws -> PostgresServer {
    try await sharedTask.value
  }

  private static let sharedTask = Task.detached { try await PostgresServer.start() }

  /// Starts a server of its own, for tests that kill it.
  ///
  /// - Parameter durable: whether it waits for the disk (fsync), which only measurements need.
  package static func start(durable: Bool = false) async throws -> PostgresServer {
    try await blocking { try PostgresServer(durable: durable) }
  }

  private init(durable: Bool) throws {
    programs = try Self.findPrograms()
    let made = try Self.run(Self.unprivileged + ["mktemp", "-d", "/tmp/holdfast-pg-XXXXXX"])
    let folder = made.trimmingCharacters(in: .whitespacesAndNewlines)
    socketFolder = folder
    data = "\(folder)/data"
    // The guard outlives this process by a moment: it stops the server with whatever postmaster runs then.
    let script = """
      pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
      n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
      rm -rf "$1"
      """
    guardian = try Guardian(script, [folder])

    _ = try Self.run(
      Self.unprivileged + [
        "\(programs)/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
        "--locale=C", "--no-sync", "--no-instructions",
      ])
    let settings = """
      listen_addresses = ''
      unix_socket_directories = '\(folder)'
      max_connections = 500
      fsync = \(durable ? "on" : "off")
      timezone = 'UTC'
      """
    _ = try Self.run(
      Self.unprivileged + ["sh", "-c", "cat >> \"$1/postgresql.conf\"", "sh", data],
      input: settings + "\n")
    try startServer()
    try administer("CREATE ROLE holdfast LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
    // What an administrator does for a user that may not make roles, to have row-level security.
    try administer("CREATE ROLE holdfast_tenant NOLOGIN; GRANT holdfast_tenant TO holdfast")
  }

  deinit {
    // Closing is what tells the guard; there is nobody left to report to.
    guardian.release()
  }

  // MARK: Databases

  /// A fresh database that belongs to the unprivileged role `holdfast`.
  package func createDatabase() async throws -> DatabaseURL {
    let number = databases.withLock { count in
      count += 1
      return count
    }
    let name = "test_\(number)"
    try await blocking { try self.administer("CREATE DATABASE \(name) OWNER holdfast") }
    return url(database: name, user: "holdfast")
  }

  package func url(database: String, user: String) -> DatabaseURL {
    .postgres(uri: uri(database: database, user: user))
  }

  /// The libpq URI, also what `psql` and `DATABASE_URL` take.
  package func uri(database: String, user: String) -> String {
    let host = socketFolder.replacingOccurrences(of: "/", with: "%2F")
    return "postgres://\(user)@\(host)/\(database)"
  }

  /// Runs `psql` with statements and returns its output, rows one a line and columns apart by `|`.
  package func psql(_ sql: String, url: DatabaseURL) async throws -> String {
    guard case .postgres(let uri) = url else { throw Failure(description: "not PostgreSQL") }
    return try await blocking { try self.psql(sql, uri: uri) }
  }

  /// Runs a statement as the superuser.
  package func administer(_ sql: String, database: String = "postgres") throws {
    _ = try psql(sql, uri: uri(database: database, user: "postgres"))
  }

  private func psql(_ sql: String, uri: String) throws -> String {
    try Self.run(
      ["\(programs)/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", uri], input: sql)
  }

  // MARK: Life and death

  /// Ends the server as a power cut would: the postmaster and all that it started, by SIGKILL.
  package func kill9() async throws {
    try await blocking {
      let pid = try self.postmasterID()
      let children = try Self.run(["ps", "-o", "pid=", "--ppid", "\(pid)"])
      Glibc.kill(pid, SIGKILL)
      for child in children.split(whereSeparator: \.isWhitespace).compactMap({ Int32($0) }) {
        Glibc.kill(child, SIGKILL)
      }
      try Self.wait("the killed server's processes to go") { Glibc.kill(pid, 0) != 0 }
    }
  }

  /// Stops it in an orderly way, ending all connections.
  package func stop() async throws {
    try await blocking {
      _ = try Self.run(
        Self.unprivileged + [
          "\(self.programs)/pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop",
        ])
    }
  }

  /// Starts it again after ``kill9()`` or ``stop()``.
  package func restart() async throws {
    try await blocking { try self.startServer() }
  }

  private func startServer() throws {
    // After a SIGKILL, the old server's shared memory is in use until its last child has noticed.
    var failure: (any Error)?
    for _ in 0..<20 {
      do {
        _ = try Self.run(
          Self.unprivileged + [
            "\(programs)/pg_ctl", "-D", data, "-l", "\(data)/server.log", "-w", "-t", "60", "start",
          ])
        return
      } catch {
        failure = error
        usleep(200_000)
      }
    }
    throw failure ?? Failure(description: "the server did not start")
  }

  private func postmasterID() throws -> Int32 {
    let text = try String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)
    guard let line = text.split(separator: "\n").first, let pid = Int32(line) else {
      throw Failure(description: "no process id in \(data)/postmaster.pid")
    }
    return pid
  }

  // MARK: Programs

  /// The words that go before a command to run it as the user `postgres` (or `nobody`) when we are root, since PostgreSQL
  /// refuses to run as root; none otherwise.
  private static let unprivileged: [String] = {
    guard getuid() == 0 else { return [] }
    let user = getpwnam("postgres") ?? getpwnam("nobody")
    guard let user else { return [] }
    return [
      "setpriv", "--reuid=\(user.pointee.pw_uid)", "--regid=\(user.pointee.pw_gid)",
      "--clear-groups", "--",
    ]
  }()

  private static func findPrograms() throws -> String {
    let base = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [])
      .compactMap { Int($0) }.sorted(by: >)
    for version in versions {
      let folder = "\(base)/\(version)/bin"
      if FileManager.default.isExecutableFile(atPath: "\(folder)/initdb") { return folder }
    }
    throw Failure(
      description: "no PostgreSQL server under \(base): install the package “postgresql”")
  }

  /// Runs a program to its end and returns its output; throws with its error output unless it exits with 0.
  private static func run(_ command: [String], input: String = "") throws -> String {
    // Files rather than pipes: a server that goes on running must not keep us reading.
    let folder = try TemporaryFolder(prefix: "holdfast-run")
    try Data(input.utf8).write(to: URL(fileURLWithPath: folder.path("in")))
    let streams = (
      try StreamFile(folder.path("in"), O_RDONLY),
      try StreamFile(folder.path("out"), O_WRONLY | O_CREAT),
      try StreamFile(folder.path("err"), O_WRONLY | O_CREAT)
    )
    // initdb and psql look at where they are; our own folder may be closed to their user.
    let process = try ChildProcess(
      command, input: streams.0.descriptor, output: streams.1.descriptor,
      error: streams.2.descriptor)
    let end = process.waitUntilEnd()
    let output = try String(contentsOfFile: folder.path("out"), encoding: .utf8)
    guard end == .exited(0) else {
      let errors = try String(contentsOfFile: folder.path("err"), encoding: .utf8)
      throw Failure(
        description: "\(command.joined(separator: " ")): \(end)\n\(errors)")
    }
    return output
  }

  private static func wait(_ what: String, until isTrue: () -> Bool) throws {
    for _ in 0..<1000 {
      if isTrue() { return }
      usleep(10_000)
    }
    throw Failure(description: "waited 10 s for \(what)")
  }
}

/// Runs blocking work on a thread of its own, off the cooperative pool.
private func blocking<T: Sendable>(
  _ work: @escaping @Sendable () throws -> T
) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}
