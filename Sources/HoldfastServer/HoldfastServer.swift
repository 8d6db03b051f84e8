import Glibc
import HTTPTypes
import HoldfastNetwork
package import HoldfastStorage
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// All that the server asks of its store.
package typealias ServerStore = ScanStore & AccessStore & ScheduleStore & ProgressStore & SweepStore
  & OperatorStore & RunningStore

/// The HTTP API and the pages over a store.
package struct HoldfastServer: Sendable {
  private let store: any ServerStore
  private let configuration: ServerConfiguration
  private let logger: Logger
  private let cleanup: (any CleanupService)?
  private let activity: (any ActivityStore)?

  /// How many connections are held at once beside streams of events; more wait to be accepted.
  private static let mostRequests = 1024

  /// - Parameters:
  ///   - cleanup: answers `/api/admin`; without one, nothing is there.
  ///   - activity: for the overview, which needs both.
  package init(
    store: any ServerStore, configuration: ServerConfiguration,
    logger: Logger, cleanup: (any CleanupService)? = nil, activity: (any ActivityStore)? = nil
  ) {
    self.store = store
    self.cleanup = cleanup
    self.activity = activity
    self.configuration = configuration
    self.logger = logger
  }

  /// Serves until the task is cancelled or a graceful shutdown is asked for; streams end at once,
  /// requests in progress are answered.
  ///
  /// - Parameter onReady: called once the server accepts connections, with the port that it is
  ///   bound to.
  /// - Throws: ``ServerError`` when it cannot start.
  package func run(onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
    var limits = EventHub.Limits()
    limits.listeners = configuration.eventStreams
    let hub = EventHub(store: store, limits: limits, logger: logger)
    let application = try await application(hub: hub, onReady: onReady)
    do {
      try await application.run()
    } catch let error as IOError {
      throw ServerError.bind(
        address: "\(configuration.host):\(configuration.port)",
        problem: String(cString: strerror(error.errnoCode)))
    }
  }

  /// Replaces the admin token by a new one: the store keeps its hash, the data directory's
  /// `admin-token` the token. Every session ends.
  ///
  /// - Returns: the path of the file.
  package static func rotateAdminToken(
    store: any ScanStore, dataDirectory: String
  ) async throws(ServerError) -> String {
    try await AdminToken.rotate(store: store, dataDirectory: dataDirectory)
  }

  /// A new API token, and the hash that the store keeps of it.
  package static func makeToken() -> (token: String, hash: String) {
    let token = AdminToken.make()
    return (token, Secrets.hash(token))
  }

  /// The server as tests drive it.
  func application(
    hub: EventHub, onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) async throws -> Application<TaskResponder> {
    let authenticator = try await Authenticator.start(
      store: store, dataDirectory: configuration.dataDirectory,
      issuers: configuration.jwtIssuers, github: configuration.github, logger: logger)
    hub.guardStreams(by: authenticator.stillHolds)
    return Application(
      responder: TaskResponder(base: try routed(authenticator, hub).router.buildResponder()),
      server: try serverBuilder(),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: MaximumAvailableConnections(
          Self.mostRequests + configuration.eventStreams)),
      services: [hub],
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
      logger: logger)
  }

  private func serverBuilder() throws(ServerError) -> HTTPServerBuilder {
    let channel = HTTP1Channel.Configuration(
      additionalChannelHandlers: [BodyDeadline(configuration.longestBody)],
      idleTimeout: .seconds(60),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 24 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
    guard let tls = configuration.tls else { return .http1(configuration: channel) }
    return try tls.builder(channel)
  }

  /// Every route by method and path, for a test that each has its row in ``RouteAccess``.
  func routeNames() async throws -> [String] { try await routeTable().names }

  /// Every address with its methods, as tests hold them against the API's description.
  func routeTable() async throws -> RouteTable {
    let authenticator = try await Authenticator.start(
      store: store, dataDirectory: configuration.dataDirectory, logger: logger)
    return try routed(authenticator, EventHub(store: store, logger: logger)).table
  }

  private func routed(
    _ authenticator: Authenticator, _ hub: EventHub
  ) throws -> (router: Router<ServerContext>, table: RouteTable) {
    let submitter = Submitter(
      store: store, kinds: configuration.kinds, policies: configuration.policies,
      addresses: AddressGuard(
        rules: configuration.network, resolver: configuration.resolver))
    let pages = Pages(
      store: store, hub: hub, submitter: submitter, cleanup: cleanup,
      version: configuration.version, assets: Assets(), templates: try Templates(),
      hasOverview: cleanup != nil && activity != nil)
    let router = Router(context: ServerContext.self)
    let envelope = EnvelopeMiddleware(
      isEncrypted: configuration.tls != nil, proxies: configuration.trustedProxies,
      page: pages.problem)
    router.add(middleware: envelope)
    router.add(
      middleware: HostMiddleware(
        boundTo: configuration.host, names: configuration.allowedHosts))
    router.add(
      middleware: AuthenticationMiddleware(
        authenticator: authenticator, callers: RateLimiter(configuration.callerLimit),
        addresses: RateLimiter(configuration.addressLimit)))
    var routes = Routes(router: router)
    ScansAPI(store: store, history: store, submitter: submitter, cleanup: cleanup).add(to: &routes)
    ScannerAPI(
      store: store, submitter: submitter, hub: hub, waitSeconds: configuration.scanWaitSeconds
    ).add(to: &routes)
    AuditAPI(submitter: submitter).add(to: &routes)
    if let cleanup {
      SupervisionAPI(
        store: store, history: store, cleanup: cleanup, submitter: submitter,
        book: configuration.policyBook, pace: configuration.policyPace
      ).add(to: &routes)
      AdminAPI(
        store: store, cleanup: cleanup, hub: hub,
        waitSeconds: min(configuration.scanWaitSeconds, 15)
      ).add(to: &routes)
      CleanupPages(pages: pages, cleanup: cleanup).add(to: &routes)
      ResetPages(pages: pages, cleanup: cleanup).add(to: &routes)
      WhyPage(pages: pages, cleanup: cleanup).add(to: &routes)
      if let activity {
        let plots = OverviewPlots()
        ActivityAPI(activity: activity, plots: plots).add(to: &routes)
        OverviewPage(pages: pages, cleanup: cleanup, activity: activity, plots: plots)
          .add(to: &routes)
      }
    }
    AccessAPI(store: store, authenticator: authenticator).add(to: &routes)
    UsersAPI(store: store).add(to: &routes)
    StatusAPI(store: store, version: configuration.version).add(to: &routes)
    WorkersAPI(
      store: store, policies: configuration.policies, version: configuration.version,
      authenticator: authenticator
    ).add(to: &routes)
    HealthAPI(
      store: store, cleanup: cleanup, version: configuration.version,
      dataDirectory: configuration.dataDirectory
    ).add(to: &routes)
    KindsAPI(kinds: configuration.kinds).add(to: &routes)
    BulkAPI(store: store).add(to: &routes)
    SchedulesAPI(store: store, submitter: submitter).add(to: &routes)
    EventsAPI(store: store, hub: hub).add(to: &routes)
    let signIn = SignInPages(
      authenticator: authenticator, pages: pages,
      hasGitHub: configuration.github != nil)
    signIn.add(to: &routes)
    GitHubPages(signIn: signIn, client: configuration.github.map { GitHubClient(settings: $0) })
      .add(to: &routes)
    pages.assets.add(to: &routes)
    pages.add(to: &routes)
    BulkPages(pages: pages).add(to: &routes)
    WorkersPage(pages: pages).add(to: &routes)
    PoliciesPage(
      pages: pages, book: configuration.policyBook, pace: configuration.policyPace
    ).add(to: &routes)
    SchedulesPage(pages: pages).add(to: &routes)
    TokensPage(pages: pages, authenticator: authenticator).add(to: &routes)
    UsersPage(pages: pages).add(to: &routes)
    AccountPage(
      pages: pages, password: OwnPassword(store: store, authenticator: authenticator)
    ).add(to: &routes)
    AuditPage(pages: pages).add(to: &routes)
    KindPages(pages: pages).add(to: &routes)
    DescriptionPages(pages: pages).add(to: &routes)
    envelope.table.set(routes.table)
    return (router, routes.table)
  }
}
