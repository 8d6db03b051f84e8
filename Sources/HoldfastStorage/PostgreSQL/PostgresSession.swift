import CLibpq
import Glibc
import HoldfastCore

/// One connection to PostgreSQL: its statements, prepared once each, and what went wrong last.
///
/// Unchecked, because libpq's handle is a pointer: a session is used by one thread at a time, which the pool sees to by
/// handing it out.
final class PostgresSession: @unchecked Sendable {
  private let libpq: UnsafePointer<hf_libpq>
  private let handle: OpaquePointer
  private var prepared: [String: String] = [:]
  private(set) var failure: Failure?

  /// What a failed call means for the transaction that it was in.
  enum Failure {
    /// A deadlock, or a unique row that another transaction was quicker to write: the same work finds another world when
    /// done again.
    case conflict
    /// A statement prepared before the schema changed, or dropped from the session by a pooler.
    case stalePlan
    /// The connection is gone.
    case lost
    case other
  }

  /// Connects, at most a few seconds long.
  init(uri: String) throws(StoreError) {
    let libpq = try Self.library()
    self.libpq = libpq
    let keywords = [
      "fallback_application_name", "connect_timeout", "keepalives_idle", "keepalives_interval",
      "keepalives_count", "tcp_user_timeout", "client_encoding", "dbname",
    ]
    // The URI is the last and so the strongest: it can set any of the others.
    let values = ["holdfast", "5", "15", "5", "3", "20000", "UTF8", uri]
    let connection = withCStrings(keywords) { keywords in
      withCStrings(values) { values in libpq.pointee.PQconnectdbParams(keywords, values, 1) }
    }
    guard let connection else { throw .unavailable("libpq has no memory") }
    guard libpq.pointee.PQstatus(connection) == CONNECTION_OK else {
      let message = PostgresSession.connectionMessage(connection, libpq)
      libpq.pointee.PQfinish(connection)
      throw .unavailable(message)
    }
    handle = connection
    _ = libpq.pointee.PQsetNoticeReceiver(connection, { _, _ in }, nil)
    try runScript(PostgresSession.settings)
  }

  /// PostgreSQL's client library, which a process that opens SQLite's files never loads.
  private static func library() throws(StoreError) -> UnsafePointer<hf_libpq> {
    var why = [CChar](repeating: 0, count: 256)
    guard let library = hf_libpq_load(&why, why.count) else {
      let text = String(
        decoding: why.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw .badURL("PostgreSQL's client library is missing (Debian: libpq5): \(text)")
    }
    return library
  }

  deinit {
    libpq.pointee.PQfinish(handle)
  }

  var isLost: Bool {
    if case .lost = failure { true } else { libpq.pointee.PQstatus(handle) != CONNECTION_OK }
  }
  var socket: CInt { libpq.pointee.PQsocket(handle) }

  /// Every statement of the store reads and writes few rows through an index. Without statistics (a new table) the planner
  /// would choose to read whole tables, and a prepared statement would stay with it.
  private static let settings = """
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off;
    SET default_transaction_isolation = 'read committed';
    SET idle_in_transaction_session_timeout = '30s';
    SET statement_timeout = '10min';
    """

  // MARK: Statements

  /// Runs a statement, preparing it first if this session has not yet.
  func run(
    _ sql: String, _ parameters: PostgresParameters,
    _ body: (PostgresRow) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    failure = nil
    let name = try prepare(sql, parameters)
    let result = parameters.withLibpqArrays { count, values, lengths, formats in
      libpq.pointee.PQexecPrepared(handle, name, count, values, lengths, formats, 1)
    }
    defer { libpq.pointee.PQclear(result) }
    try check(result)
    guard let result else { return 0 }
    let row = PostgresRow(result, libpq)
    for index in 0..<libpq.pointee.PQntuples(result) {
      row.index = index
      try body(row)
      if let fault = row.fault { throw .statement(fault) }
    }
    let count = libpq.pointee.PQcmdTuples(result).map { String(cString: $0) }
    return count.flatMap { Int($0) } ?? 0
  }

  private func prepare(
    _ sql: String, _ parameters: PostgresParameters
  ) throws(StoreError) -> String {
    if let name = prepared[sql] { return name }
    let name = "h\(prepared.count)"
    let result = libpq.pointee.PQprepare(
      handle, name, sql, CInt(parameters.types.count), parameters.types)
    defer { libpq.pointee.PQclear(result) }
    try check(result)
    prepared[sql] = name
    return name
  }

  /// Runs statements without parameters.
  func runScript(_ sql: String) throws(StoreError) {
    failure = nil
    let result = libpq.pointee.PQexec(handle, sql)
    defer { libpq.pointee.PQclear(result) }
    try check(result)
  }

  /// Forgets what was prepared; the next use prepares anew.
  func forgetPlans() throws(StoreError) {
    prepared = [:]
    try runScript("DEALLOCATE ALL")
  }

  // MARK: Notifications

  /// Reads what has arrived, without waiting, and returns the channels notified; `nil` once the connection is lost.
  func notifications() -> [String]? {
    guard libpq.pointee.PQconsumeInput(handle) == 1 else { return nil }
    var channels: [String] = []
    while let notification = libpq.pointee.PQnotifies(handle) {
      channels.append(String(cString: notification.pointee.relname))
      libpq.pointee.PQfreemem(notification)
    }
    return channels
  }

  // MARK: Errors

  private func check(_ result: OpaquePointer?) throws(StoreError) {
    switch libpq.pointee.PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    default: break
    }
    guard let result, !isLost else {
      failure = .lost
      throw .unavailable(PostgresSession.connectionMessage(handle, libpq))
    }
    func field(_ code: Character) -> String? {
      code.asciiValue.flatMap { libpq.pointee.PQresultErrorField(result, CInt($0)) }.map {
        String(cString: $0)
      }
    }
    let state = field("C") ?? ""
    let message = [field("M"), field("D")].compactMap { $0 }.joined(separator: ": ")
    switch state {
    case "40001", "40P01", "23505": failure = .conflict
    // The server is ending this session: an administrator, a crash of another session, a timeout.
    case "57P01", "57P02", "57P03", "57P05", "25P03": failure = .lost
    case "26000": failure = .stalePlan
    case "0A000" where message.contains("cached plan"): failure = .stalePlan
    default: failure = .other
    }
    if PostgresSession.isTransient(state) { throw .unavailable(message) }
    throw .statement("\(message) (\(state))")
  }

  /// By class or code (PostgreSQL's appendix A): no connection, out of resources, an operator's intervention, a system error,
  /// a server that only reads.
  private static func isTransient(_ state: String) -> Bool {
    switch state.prefix(2) {
    case "08", "53", "57", "58": true
    default: ["25006", "25P03", "40001", "40P01", "55P03"].contains(state)
    }
  }

  private static func connectionMessage(
    _ handle: OpaquePointer, _ libpq: UnsafePointer<hf_libpq>
  ) -> String {
    guard let text = libpq.pointee.PQerrorMessage(handle) else { return "the connection was lost" }
    let lines = String(cString: text).split(whereSeparator: \.isNewline)
    return lines.first.map(String.init) ?? "the connection was lost"
  }
}

/// C strings for a call; the array ends with a null, as libpq wants it.
private func withCStrings<T>(
  _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> T
) -> T {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies.map { UnsafePointer($0) } + [nil])
}
