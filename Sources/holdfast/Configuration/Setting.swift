import HoldfastCore

/// The names of all settings, as `holdfast.yaml` spells them.
enum SettingName: String, Sendable, CaseIterable {
  case host
  case port
  case database
  case databaseConnections = "database_connections"
  case dataDirectory = "data_dir"
  case slots
  case workerName = "worker_name"
  case workerKinds = "worker_kinds"
  case server = "worker_server"
  case serverTokenFile = "worker_token_file"
  case serverAuthority = "worker_server_ca"
  case allowedHosts = "allowed_hosts"
  case trustedProxies = "trusted_proxies"
  case tlsCertificate = "tls_certificate"
  case tlsKey = "tls_key"
  case requestsPerSecond = "requests_per_second"
  case addressRequestsPerSecond = "address_requests_per_second"
  case eventStreams = "event_streams"
  case runnerMemory = "runner_memory"
  case runnerCPUSeconds = "runner_cpu_seconds"
  case runnerFileSize = "runner_file_size"
  case runnerOpenFiles = "runner_open_files"
  case preset
  case sweepInterval = "sweep_interval_seconds"
  case logLevel = "log_level"
  case logFormat = "log_format"
}

/// One setting: the single place that says how it is spelled everywhere, what it accepts and what
/// it is when nobody says.
///
/// The parser of the file, the reading of the environment, the help of the flags and
/// `docs/configuration.md` all come from ``table``.
struct Setting: Sendable {
  var name: SettingName
  var environment: String
  /// The flag, and the commands that take it.
  var flag: String?
  var commands: [String]
  var type: SettingType
  var fallback: Fallback
  /// One or two sentences.
  var documentation: String
  /// Whether its value may hold a password.
  var isSecret = false

  enum Fallback: Sendable, Hashable {
    case value(String)
    /// Worked out at start; the text says from what.
    case computed(String)

    var text: String {
      switch self {
      case .value(let text), .computed(let text): text
      }
    }
  }

  static func named(_ name: SettingName) -> Setting {
    guard let setting = table.first(where: { $0.name == name }) else {
      preconditionFailure("the setting \(name) is missing from the table")
    }
    return setting
  }

  private static let workerCommands = ["serve", "worker", "scan", "follow"]

  static let table: [Setting] = [
    Setting(
      name: .host, environment: "HOLDFAST_HOST", flag: "--host", commands: ["serve"],
      type: .text, fallback: .value("127.0.0.1"),
      documentation: "The address that the server listens on."),
    Setting(
      name: .port, environment: "HOLDFAST_PORT", flag: "--port", commands: ["serve"],
      type: .number(0...65_535), fallback: .value("8710"),
      documentation:
        "The port that the server listens on; 0 for any free one, which the ready line shows."),
    Setting(
      name: .database, environment: "DATABASE_URL", flag: "--database", commands: ["all"],
      type: .database, fallback: .computed("`sqlite:` and `holdfast.db` in the data folder"),
      documentation:
        "The database: `sqlite:PATH`, or `postgres://USER@HOST:PORT/NAME` (any libpq connection "
        + "URI). A password in it is never printed or logged.",
      isSecret: true),
    Setting(
      name: .databaseConnections, environment: "HOLDFAST_DATABASE_CONNECTIONS", flag: nil,
      commands: ["serve", "worker"], type: .number(2...256), fallback: .value("8"),
      documentation: "How many connections to the database this process opens at most."),
    Setting(
      name: .dataDirectory, environment: "HOLDFAST_DATA_DIR", flag: "--data-dir",
      commands: ["all"], type: .path, fallback: .value("./.holdfast"),
      documentation:
        "The folder of the SQLite database, of the admin token and of the journals. Made when it "
        + "is missing, readable by its owner only."),
    Setting(
      name: .slots, environment: "HOLDFAST_SLOTS", flag: "--slots",
      commands: ["serve", "worker"], type: .number(0...1024),
      fallback: .computed("the number of cores"),
      documentation:
        "How many scans run at once in this process. With 0, `serve` runs the API and the pages "
        + "without a worker."),
    Setting(
      name: .workerName, environment: "HOLDFAST_WORKER_NAME", flag: "--name",
      commands: ["worker"], type: .text, fallback: .computed("the host's name"),
      documentation:
        "The worker's name. A worker that starts recovers what earlier processes of the same name "
        + "left running on this host."),
    Setting(
      name: .workerKinds, environment: "HOLDFAST_WORKER_KINDS", flag: "--kinds",
      commands: ["worker"], type: .kinds, fallback: .computed("every kind"),
      documentation: "The kinds of scans that the worker takes."),
    Setting(
      name: .server, environment: "HOLDFAST_WORKER_SERVER", flag: "--server", commands: ["worker"],
      type: .text, fallback: .computed("none: the worker uses the database"),
      documentation:
        "The address of a server whose scans the worker runs, such as "
        + "`https://scans.example.org`: over HTTP, without a database of its own."),
    Setting(
      name: .serverTokenFile, environment: "HOLDFAST_WORKER_TOKEN_FILE", flag: "--token-file",
      commands: ["worker"], type: .path,
      fallback: .computed("`worker-token` in the data folder"),
      documentation:
        "The file with the token that the worker shows the server: one of an operator of all "
        + "tenants."),
    Setting(
      name: .serverAuthority, environment: "HOLDFAST_WORKER_SERVER_CA", flag: "--server-ca",
      commands: ["worker"], type: .path, fallback: .computed("what the system trusts"),
      documentation:
        "The file with the certificates, in PEM, that the server's own must come from."),
    Setting(
      name: .allowedHosts, environment: "HOLDFAST_ALLOWED_HOSTS", flag: nil, commands: ["serve"],
      type: .names, fallback: .computed("none but its own address and `localhost`"),
      documentation:
        "The names, beside its own, under which browsers and programs may address the server, "
        + "such as that of a proxy before it."),
    Setting(
      name: .trustedProxies, environment: "HOLDFAST_TRUSTED_PROXIES", flag: nil,
      commands: ["serve"], type: .networks, fallback: .computed("none"),
      documentation:
        "The proxies before the server. Of what they hand on, the client is the right-most address "
        + "of `X-Forwarded-For` that is none of them, and `X-Forwarded-Proto` tells whether it came "
        + "over TLS; from anybody else both are passed over."),
    Setting(
      name: .tlsCertificate, environment: "HOLDFAST_TLS_CERTIFICATE", flag: nil,
      commands: ["serve"], type: .path, fallback: .computed("none: plain HTTP"),
      documentation:
        "The file of the server's certificate and those between it and its authority's, in PEM. "
        + "With it and `tls_key`, the server speaks TLS 1.2 and 1.3, with HTTP/2."),
    Setting(
      name: .tlsKey, environment: "HOLDFAST_TLS_KEY", flag: nil, commands: ["serve"], type: .path,
      fallback: .computed("none"),
      documentation:
        "The file of the certificate's private key, in PEM, readable by its owner only."),
    Setting(
      name: .requestsPerSecond, environment: "HOLDFAST_REQUESTS_PER_SECOND", flag: nil,
      commands: ["serve"], type: .number(1...1_000_000), fallback: .value("1000"),
      documentation:
        "How many requests a second each token, or user, may make over time; twice as many at "
        + "once. Beyond it the answer is 429 with `Retry-After`."),
    Setting(
      name: .addressRequestsPerSecond, environment: "HOLDFAST_ADDRESS_REQUESTS_PER_SECOND",
      flag: nil, commands: ["serve"], type: .number(1...1_000_000), fallback: .value("20"),
      documentation:
        "How many requests a second each address may make over time that shows no valid token; ten "
        + "times as many at once. `/health` is never refused."),
    Setting(
      name: .eventStreams, environment: "HOLDFAST_EVENT_STREAMS", flag: nil, commands: ["serve"],
      type: .number(1...100_000), fallback: .value("10000"),
      documentation:
        "How many streams of events may be open at once. Each takes a connection, and so one of the "
        + "files that the process may have open (`ulimit -Hn`)."),
    Setting(
      name: .runnerMemory, environment: "HOLDFAST_RUNNER_MEMORY", flag: nil,
      commands: workerCommands, type: .bytes(64 * 1024 * 1024), fallback: .value("2GiB"),
      documentation: "The memory that one runner may use (address space)."),
    Setting(
      name: .runnerCPUSeconds, environment: "HOLDFAST_RUNNER_CPU_SECONDS", flag: nil,
      commands: workerCommands, type: .number(1...Int(Int32.max)), fallback: .value("86400"),
      documentation: "The processor time that one runner may use, in seconds."),
    Setting(
      name: .runnerFileSize, environment: "HOLDFAST_RUNNER_FILE_SIZE", flag: nil,
      commands: workerCommands, type: .bytes(0), fallback: .value("1GiB"),
      documentation: "The largest file that a runner may write."),
    Setting(
      name: .runnerOpenFiles, environment: "HOLDFAST_RUNNER_OPEN_FILES", flag: nil,
      commands: workerCommands, type: .number(32...1_048_576), fallback: .value("4096"),
      documentation: "How many files a runner may have open at once."),
    Setting(
      name: .preset, environment: "HOLDFAST_PRESET", flag: nil, commands: ["all"],
      type: .choice(PolicyPreset.allCases.map(\.rawValue)),
      fallback: .computed("none: each kind's own limits"),
      documentation:
        "The environment, for limits that suit it: `development` 5 minutes of runtime and stale "
        + "after 2, `staging` 10 and 3, `production` 15 and 5. The runtimes are those of `site`; "
        + "other kinds get a third, two thirds and the whole of their own."),
    Setting(
      name: .sweepInterval, environment: "HOLDFAST_SWEEP_INTERVAL_SECONDS", flag: nil,
      commands: ["serve", "worker"], type: .seconds(0.1...3600), fallback: .value("15"),
      documentation: "How often what is stuck is looked for, in seconds, with a fifth of jitter."),
    Setting(
      name: .logLevel, environment: "HOLDFAST_LOG_LEVEL", flag: "--log-level",
      commands: workerCommands,
      type: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
      fallback: .computed("`info` of `serve` and `worker`, `warning` otherwise"),
      documentation: "The least grave messages that are logged, on standard error."),
    Setting(
      name: .logFormat, environment: "HOLDFAST_LOG_FORMAT", flag: "--log-format",
      commands: workerCommands, type: .choice(["text", "json"]),
      fallback: .value("text"),
      documentation:
        "How log lines look: `text` for people, `json` (one object a line) for programs."),
  ]
}
