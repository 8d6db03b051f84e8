import HoldfastCore
import HoldfastStorage

/// A worker over HTTP that does what a test says.
struct RemoteHand: Sendable {
  let server: TestServer
  let id: String
  private let credentials: TestServer.Credentials
  private let scripted: ScriptedWorker

  static func register(
    _ server: TestServer, as credentials: TestServer.Credentials = .token
  ) async throws -> RemoteHand {
    let answer = try await server.post(
      "/api/v1/workers",
      ["protocol": 1, "name": "remote", "host": "elsewhere", "slots": 4, "kinds": ["library"]],
      as: credentials)
    guard answer.status == 201, let id = try answer.json["worker_id"]?.stringValue else {
      throw TestServer.Failure("not registered: \(answer.text)")
    }
    return RemoteHand(
      server: server, id: id, credentials: credentials,
      scripted: try await ScriptedWorker.start(server.store))
  }

  func submit(_ target: String) async throws -> Scan { try await scripted.submit(target) }

  func post(_ path: String, _ json: JSONValue) async throws -> Answer {
    try await server.post("/api/v1/workers/\(id)\(path)", json, as: credentials)
  }

  /// The next scan, once there is one.
  func claim() async throws -> JSONValue {
    let answer = try await post("/claim", ["wait_seconds": 30])
    guard let claim = try answer.json["claims"]?.arrayValue?.first else {
      throw TestServer.Failure("nothing to claim: \(answer.text)")
    }
    return claim
  }

  static func lease(_ claim: JSONValue) throws -> Lease {
    guard let id = claim["start"]?["scan_id"]?.stringValue.flatMap({ ScanID($0) }),
      let token = claim["token"]?.intValue
    else { throw TestServer.Failure("no lease: \(claim)") }
    return Lease(scanID: id, token: token)
  }

  static func report(_ lease: Lease, _ sequence: Int64, _ messages: [JSONValue]) -> JSONValue {
    [
      "scan_id": .string(lease.scanID.description), "token": .int(lease.token),
      "sequence": .int(sequence), "messages": .array(messages),
    ]
  }

  func report(
    _ lease: Lease, _ sequence: Int64, _ messages: [JSONValue]
  ) async throws -> Answer {
    try await post("/reports", ["reports": [Self.report(lease, sequence, messages)]])
  }

  func beat(_ leases: [Lease]) async throws -> Answer {
    let scans = leases.map { lease -> JSONValue in
      ["scan_id": .string(lease.scanID.description), "token": .int(lease.token)]
    }
    return try await post("/heartbeat", ["running": 1, "scans": .array(scans)])
  }

  func release(_ lease: Lease, _ more: [String: JSONValue] = [:]) async throws -> Answer {
    var members = more
    members["scan_id"] = .string(lease.scanID.description)
    members["token"] = .int(lease.token)
    return try await post("/release", .object(members))
  }

  func ask(_ lease: Lease, _ message: JSONValue) async throws -> Answer {
    try await post(
      "/questions",
      [
        "scan_id": .string(lease.scanID.description), "token": .int(lease.token),
        "message": message,
      ])
  }
}
