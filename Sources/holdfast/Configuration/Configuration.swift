import HoldfastCore
import HoldfastEngine
import HoldfastServer

/// The settings of this process, each from the strongest place that names it: flags, then the
/// environment, then the file, then the defaults.
struct Configuration: Sendable {
  var host: String
  var port: Int
  /// A database URL; may hold a password.
  var database: String
  var databaseConnections: Int
  var dataDirectory: String
  /// `nil` for as many as there are cores.
  var slots: Int?
  var workerName: String?
  /// `nil` for every kind.
  var workerKinds: [String]?
  /// The address of a server to work for, over HTTP.
  var server: String?
  /// The file with the token for it.
  var serverTokenFile: String
  var serverAuthority: String?
  var allowedHosts: [String]
  /// The proxies before the server, whose word on where requests come from is taken.
  var trustedProxies: [IPNetwork]
  var tlsCertificate: String?
  var tlsKey: String?
  var requestsPerSecond: Int
  var addressRequestsPerSecond: Int
  var eventStreams: Int
  var runnerLimits: RunnerLimits
  /// What holds for each kind and target.
  var policies: PolicyBook
  /// The kinds that requests can name, those of the file included.
  var kinds: KindBook
  /// Whose access tokens the server accepts.
  var jwtIssuers: [JWTIssuer]
  /// Who signs in with GitHub.
  var github: GitHubSettings?
  /// Where requests may lead beside the public internet.
  var network: NetworkRules
  /// From one sweep to the next.
  var sweepIntervalSeconds: Double
  var logLevel: String?
  var logFormat: String
  /// Things that are odd, but no reason to refuse.
  var warnings: [String]

  /// Whether the database is the file that the data folder holds by default.
  var isDatabaseInDataDirectory: Bool

  /// The file that is read when no other is named.
  static let defaultFile = "holdfast.yaml"
  /// Names the file to read; a setting of the environment only.
  static let fileVariable = "HOLDFAST_CONFIG"

  /// - Parameters:
  ///   - flags: what the command line says, by setting.
  ///   - file: the value of `--config`.
  ///   - readFile: gives a file's text, or `nil` if there is none.
  static func load(
    flags: [SettingName: String], file: String?, environment: [String: String],
    readFile: (String) throws(ConfigurationError) -> String?
  ) throws(ConfigurationError) -> Configuration {
    let named = file ?? environment[fileVariable]
    let path = named ?? defaultFile
    var fromFile = ConfigurationFile.Contents()
    if let text = try readFile(path) {
      fromFile = try ConfigurationFile.parse(text, name: path)
    } else if named != nil {
      let place = file == nil ? "the environment variable \(fileVariable)" : "--config"
      throw ConfigurationError([
        .init(
          place: place, text: "there is no file “\(DisplayText.escaped(path))”",
          isUsage: file != nil)
      ])
    }
    var values: [SettingName: SettingValue] = [:]
    var problems: [ConfigurationError.Problem] = []
    for setting in Setting.table {
      switch resolve(setting, flags: flags, environment: environment, file: fromFile) {
      case .success(let value): values[setting.name] = value
      case .failure(let error): problems += error.problems
      }
    }
    var policies = fromFile.policies
    if case .text(let name) = values[.preset] { policies.preset = PolicyPreset(rawValue: name) }
    for (name, kind) in fromFile.kinds.declared {
      // What stands under `policies` is above what comes with the declaration.
      policies.kinds[name] = kind.policy.overridden(by: policies.kinds[name])
    }
    problems += policies.problems(file: path)
    guard problems.isEmpty else { throw ConfigurationError(problems) }
    return Configuration(
      values, policies, fromFile, warnings: unknownVariables(environment))
  }

  private static func resolve(
    _ setting: Setting, flags: [SettingName: String], environment: [String: String],
    file: ConfigurationFile.Contents
  ) -> Result<SettingValue?, ConfigurationError> {
    func parse(
      _ text: String, place: String, isUsage: Bool
    ) -> Result<SettingValue?, ConfigurationError> {
      let declared = file.kinds.declared.keys.sorted()
      return setting.type.parse(text, declared: declared).map(Optional.some).mapError { bad in
        let shown = setting.isSecret ? "its value" : "“\(DisplayText.escaped(text))”"
        let text = "\(shown) \(bad.sentence)\(hint(for: setting, value: text))"
        return ConfigurationError([.init(place: place, text: text, isUsage: isUsage)])
      }
    }
    if let text = flags[setting.name] {
      return parse(text, place: setting.flag ?? setting.name.rawValue, isUsage: true)
    }
    // A variable that is set to nothing counts as not set, as the shells' own do.
    if let text = environment[setting.environment], !text.isEmpty {
      return parse(
        text, place: "the environment variable \(setting.environment)", isUsage: false)
    }
    if let entry = file.entries[setting.name] { return .success(entry.value) }
    guard case .value(let text) = setting.fallback else { return .success(nil) }
    return parse(text, place: "the default of \(setting.name.rawValue)", isUsage: false)
  }

  /// Kubernetes sets `HOLDFAST_PORT=tcp://…` in every container beside a service that is called
  /// `holdfast`.
  private static func hint(for setting: Setting, value: String) -> String {
    guard setting.name == .port, value.hasPrefix("tcp://") else { return "" }
    return " (Kubernetes sets this for a service named “holdfast”: give the pod "
      + "`enableServiceLinks: false`, or use --port)"
  }

  private static func unknownVariables(_ environment: [String: String]) -> [String] {
    // The last ones are what commands that run as scans are given.
    let known =
      Setting.table.map(\.environment) + [fileVariable]
      + ["SCAN", "ATTEMPT", "TARGET", "PARAMS", "CHECKPOINT", "SOCKET"].map { "HOLDFAST_\($0)" }
    // What programs are given or read that speak the protocol or ask a server; nobody means them here.
    let others = ["HOLDFAST_PROTOCOL", "HOLDFAST_SERVER", "HOLDFAST_TOKEN_FILE"]
    return environment.keys.filter {
      $0.hasPrefix("HOLDFAST_") && !known.contains($0) && !others.contains($0)
    }.sorted().map {
      name in
      let meant = NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
      return
        "the environment variable \(DisplayText.escaped(name)) is not one of holdfast's\(meant)"
    }
  }

  private init(
    _ values: [SettingName: SettingValue], _ policies: PolicyBook,
    _ file: ConfigurationFile.Contents, warnings: [String]
  ) {
    kinds = file.kinds
    jwtIssuers = file.jwtIssuers
    github = file.github
    network = file.network
    func text(_ name: SettingName) -> String? {
      if case .text(let text) = values[name] { text } else { nil }
    }
    func number(_ name: SettingName) -> Int? {
      if case .number(let number) = values[name] { number } else { nil }
    }
    func certain<T>(_ value: T?, _ name: SettingName) -> T {
      guard let value else { preconditionFailure("the setting \(name) has no default") }
      return value
    }
    host = certain(text(.host), .host)
    port = certain(number(.port), .port)
    dataDirectory = certain(text(.dataDirectory), .dataDirectory)
    let folder = dataDirectory.hasSuffix("/") ? String(dataDirectory.dropLast()) : dataDirectory
    isDatabaseInDataDirectory = text(.database) == nil
    database = text(.database) ?? "sqlite:\(folder)/holdfast.db"
    databaseConnections = certain(number(.databaseConnections), .databaseConnections)
    slots = number(.slots)
    workerName = text(.workerName)
    func names(_ name: SettingName) -> [String]? {
      if case .names(let names) = values[name] { names } else { nil }
    }
    workerKinds = names(.workerKinds)
    server = text(.server)
    serverTokenFile = text(.serverTokenFile) ?? "\(folder)/worker-token"
    serverAuthority = text(.serverAuthority)
    allowedHosts = names(.allowedHosts) ?? []
    trustedProxies = (names(.trustedProxies) ?? []).compactMap { IPNetwork($0) }
    tlsCertificate = text(.tlsCertificate)
    tlsKey = text(.tlsKey)
    requestsPerSecond = certain(number(.requestsPerSecond), .requestsPerSecond)
    addressRequestsPerSecond = certain(
      number(.addressRequestsPerSecond), .addressRequestsPerSecond)
    eventStreams = certain(number(.eventStreams), .eventStreams)
    func limit(_ name: SettingName) -> UInt64 { UInt64(certain(number(name), name)) }
    runnerLimits = RunnerLimits(
      memoryBytes: limit(.runnerMemory), cpuSeconds: limit(.runnerCPUSeconds),
      fileSizeBytes: limit(.runnerFileSize), openFiles: limit(.runnerOpenFiles))
    self.policies = policies
    var sweep: Double?
    if case .seconds(let seconds) = values[.sweepInterval] { sweep = seconds }
    sweepIntervalSeconds = certain(sweep, .sweepInterval)
    logLevel = text(.logLevel)
    logFormat = certain(text(.logFormat), .logFormat)
    self.warnings = warnings
  }
}
