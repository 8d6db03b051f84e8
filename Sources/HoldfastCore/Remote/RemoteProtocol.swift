/// What a worker and a server say to each other over HTTP. `docs/remote-workers.md` is the reference. What concerns one attempt are the
/// messages of the runner protocol (``RunnerMessage``, ``WorkerMessage``); around them is what only a worker needs.
package enum RemoteProtocol {
  /// Raised when a message changes its meaning; new members and new messages do not raise it.
  package static let version = 1
  /// The longest that a claim may wait for a scan.
  package static let maxWaitSeconds = 30.0
  /// How many scans one claim may take.
  package static let maxClaims = 64
  /// The largest body of a request: a batch of reports, each of which may hold a runner's longest message.
  package static let maxBodyBytes = 32 << 20
  /// How many entries of a baseline one answer holds: 768 KiB.
  package static let baselineEntriesPerAnswer = 24_576
  /// An open stream of signals is never silent for longer.
  package static let signalSeconds = 5.0
}

/// `GET /api/v1/worker-protocol`.
package struct RemoteWelcome: Sendable, Hashable, Codable {
  package var protocolVersion: Int
  /// The server's version.
  package var version: String

  package init(protocolVersion: Int, version: String) {
    self.protocolVersion = protocolVersion
    self.version = version
  }

  enum CodingKeys: String, CodingKey {
    case version
    case protocolVersion = "protocol"
  }
}

/// `POST /api/v1/workers`: a worker's registration, with the version of the protocol that it speaks.
package struct RemoteRegistration: Sendable, Hashable, Encodable {
  package var worker: WorkerRegistration

  package init(_ worker: WorkerRegistration) { self.worker = worker }

  enum CodingKeys: String, CodingKey {
    case protocolVersion = "protocol"
  }

  package func encode(to encoder: any Encoder) throws {
    try worker.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(RemoteProtocol.version, forKey: .protocolVersion)
  }
}

/// The life that has begun.
package struct RemoteLife: Sendable, Hashable, Codable {
  package var workerID: String
  package var name: String
  package var host: String
  package var protocolVersion: Int
  package var version: String

  package init(
    workerID: String, name: String, host: String, protocolVersion: Int, version: String
  ) {
    self.workerID = workerID
    self.name = name
    self.host = host
    self.protocolVersion = protocolVersion
    self.version = version
  }

  enum CodingKeys: String, CodingKey {
    case name, host, version
    case workerID = "worker_id"
    case protocolVersion = "protocol"
  }
}

/// A wish for scans.
package struct RemoteClaimWish: Sendable, Hashable, Codable {
  package var limit: Int
  /// `nil` for those that the worker has registered with.
  package var kinds: [String]?
  package var waitSeconds: Double

  package init(limit: Int, kinds: [String]?, waitSeconds: Double) {
    self.limit = limit
    self.kinds = kinds
    self.waitSeconds = waitSeconds
  }

  enum CodingKeys: String, CodingKey {
    case limit, kinds
    case waitSeconds = "wait_seconds"
  }
}

package struct RemoteClaims: Sendable, Hashable, Codable {
  package var claims: [RemoteClaim]

  package init(claims: [RemoteClaim]) { self.claims = claims }
}

/// One scan that was handed out.
package struct RemoteClaim: Sendable, Hashable, Codable {
  package var token: Int64
  package var heartbeatIntervalSeconds: Double
  /// The lease may be given away so long after a heartbeat.
  package var staleAfterSeconds: Double
  /// `start` of the runner protocol.
  package var start: WorkerMessage
  /// The scan as it is stored; its checkpoint and its parameters are in ``start`` alone.
  package var scan: Scan
  package var policy: Policy

  package init(_ claim: Claim, policy: Policy, baseline: Baseline.Summary?) {
    var scan = claim.scan
    start = .start(
      WorkerMessage.Start(
        protocolVersion: RunnerProtocol.version, scanID: scan.id, number: scan.number,
        attempt: scan.attempt, kind: scan.kind, target: scan.target, params: scan.params,
        checkpoint: scan.checkpoint, progress: scan.progress, baseline: baseline))
    scan.checkpoint = Optional<JSONValue>.none
    scan.params = [:]
    self.scan = scan
    token = scan.leaseToken
    heartbeatIntervalSeconds = scan.heartbeatIntervalSeconds
    staleAfterSeconds = scan.heartbeatIntervalSeconds * (scan.staleMultiple ?? policy.staleMultiple)
    self.policy = policy
  }

  /// The claim, whole again; `nil` where `start` is another message.
  package var claim: Claim? {
    guard case .start(let start) = start else { return nil }
    var scan = scan
    scan.checkpoint = start.checkpoint
    scan.params = start.params
    return Claim(scan: scan)
  }

  package var baseline: Baseline.Summary? {
    if case .start(let start) = start { start.baseline } else { nil }
  }

  enum CodingKeys: String, CodingKey {
    case token, start, scan, policy
    case heartbeatIntervalSeconds = "heartbeat_interval_seconds"
    case staleAfterSeconds = "stale_after_seconds"
  }
}
