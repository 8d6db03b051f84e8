import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastServer
import HoldfastStorage
import Logging
import ServiceLifecycle

struct ServeCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the API, the pages and a worker in one process.",
    discussion: """
      Prints one line with the address on standard output when it is ready, and logs on standard \
      error. SIGTERM and Ctrl-C drain: running scans write a checkpoint and go back to the queue. \
      A second signal ends it at once.
      """)

  @OptionGroup(title: "Serving") var serving: ServeOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions
  @OptionGroup(title: "Log") var log: LogOptions

  func execute(_ program: Program) async throws -> ExitStatus {
    var flags = log.flags
    flags[.host] = serving.host
    flags[.port] = serving.port
    flags[.slots] = serving.slots
    let composition = try Composition(program, options: database, flags: flags, level: .info)
    let settings = composition.configuration
    let tls = try Self.tls(settings)
    let store = try await composition.openForWork(connections: settings.databaseConnections)
    var configuration = ServerConfiguration(
      host: settings.host, port: settings.port, dataDirectory: settings.dataDirectory,
      version: holdfastVersion, policies: composition.policy, kinds: settings.kinds,
      allowedHosts: settings.allowedHosts, tls: tls,
      callerLimit: RateLimit(
        perSecond: Double(settings.requestsPerSecond),
        burst: 2 * Double(settings.requestsPerSecond)),
      addressLimit: RateLimit(
        perSecond: Double(settings.addressRequestsPerSecond),
        burst: 10 * Double(settings.addressRequestsPerSecond)))
    configuration.eventStreams = OpenFiles.streams(
      wanted: settings.eventStreams, composition.logger)
    configuration.trustedProxies = TrustedProxies(settings.trustedProxies)
    configuration.jwtIssuers = settings.jwtIssuers
    configuration.github = settings.github
    configuration.network = settings.network
    configuration.policyBook = settings.policies
    configuration.policyPace = .init(sweepSeconds: settings.sweepIntervalSeconds * 1.2)
    let server = HoldfastServer(
      store: store, configuration: configuration, logger: composition.logger,
      cleanup: EngineCleanup(
        desk: composition.desk(store),
        investigation: Investigation(store: store, planner: composition.planner(store))),
      activity: store)
    let api = ServerService(server: server) { port in
      let url = Self.url(host: settings.host, port: port, isEncrypted: tls != nil)
      program.output.write("holdfast \(holdfastVersion) is ready at \(url)\n")
    }
    let rhythms = composition.rhythms(store)
    var services: [any Service] = [
      api, SweeperService(sweeper: composition.sweeper(store, rhythms)),
    ]
    let slots = settings.slots ?? ProcessEnvironment.processorCount
    // The last service is the first to stop: the pages show the worker drain.
    if slots > 0 {
      services.append(
        WorkerService(
          worker: composition.worker(
            store, rhythms, slots: slots,
            kinds: settings.workerKinds ?? settings.kinds.runnable ?? [])))
    }
    let status = try await Daemon(services: services, logger: composition.logger).run()
    await store.close()
    return status
  }

  private static func tls(_ settings: Configuration) throws(CommandFailure) -> ServerTLS? {
    switch (settings.tlsCertificate, settings.tlsKey) {
    case (nil, nil): return nil
    case (let certificate?, let key?):
      return ServerTLS(certificatePath: certificate, keyPath: key)
    default:
      throw CommandFailure(
        .configuration, "tls_certificate and tls_key belong together: one of them is missing")
    }
  }

  /// The address for a browser on this machine: one that listens everywhere is reached at the
  /// loopback address.
  static func url(host: String, port: Int, isEncrypted: Bool = false) -> String {
    let name =
      switch host {
      case "0.0.0.0", "::", "[::]": "127.0.0.1"
      default: host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
      }
    return "http\(isEncrypted ? "s" : "")://\(name):\(port)/"
  }
}

/// Where and how much to serve.
struct ServeOptions: ParsableArguments {
  @Option(name: .long, help: .setting(.host, "address"))
  var host: String?

  @Option(name: .long, help: .setting(.port, "port"))
  var port: String?

  @Option(name: .long, help: .setting(.slots, "count"))
  var slots: String?
}
