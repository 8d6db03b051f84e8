import Foundation
import HTTPTypes
import HoldfastCore
import HoldfastNetwork
import Hummingbird
import Logging
import Synchronization
import Testing

/// Fetching, against a server of the tests' own on loopback, under names that only the tests' resolver knows.
@Suite(.timeLimit(.minutes(2))) struct WebFetcherTests {
  static let loopback = NetworkRules(
    allowed: ["127.0.0.0/8"].compactMap(NetworkRules.Exception.init))

  /// The name resolves nowhere: an answer proves that the connection went to the address that was looked at.
  @Test func theConnectionGoesToTheAddressThatWasChecked() async throws {
    try await Site.run { site in
      let resolver = FakeResolver(["site.invalid": [["127.0.0.1"]]])
      let fetcher = WebFetcher(guardedBy: AddressGuard(rules: Self.loopback, resolver: resolver))
      let url = try TargetURL("http://site.invalid:\(site.port)/hello?x=1")
      let answer = try await fetcher.fetch(.init(url))
      #expect(answer.status == 200)
      #expect(String(decoding: answer.body, as: UTF8.self) == "hello")
      #expect(site.seen == ["GET site.invalid:\(site.port) /hello?x=1"])
      #expect(resolver.asked == ["site.invalid"])
    }
  }

  /// The second answer of the name's own server would be inside; nobody asks for it.
  @Test func aNameThatIsBoundAnewLeadsNowhere() async throws {
    try await Site.run { site in
      let resolver = FakeResolver(["rebind.invalid": [["127.0.0.1"], ["10.0.0.1"]]])
      let guardian = AddressGuard(rules: Self.loopback, resolver: resolver)
      let fetcher = WebFetcher(guardedBy: guardian)
      let url = try TargetURL("http://rebind.invalid:\(site.port)/hello")
      #expect(try await fetcher.fetch(.init(url)).status == 200)
      #expect(resolver.asked.count == 1)
      await #expect(throws: Self.leadsInside("rebind.invalid", "10.0.0.1")) {
        try await fetcher.fetch(.init(url))
      }
      #expect(site.seen.count == 1)
    }
  }

  @Test func oneAddressInsideIsEnoughToRefuse() async throws {
    let resolver = FakeResolver(["mixed.invalid": [["93.184.216.34", "::ffff:127.0.0.1"]]])
    let fetcher = WebFetcher(
      guardedBy: AddressGuard(rules: NetworkRules(), resolver: resolver))
    await #expect(throws: Self.leadsInside("mixed.invalid", "::ffff:127.0.0.1")) {
      try await fetcher.fetch(.init(try TargetURL("http://mixed.invalid/")))
    }
  }

  /// Each step is looked at before anything is sent there.
  @Test func redirectsLeadNoFurtherThanAllowed() async throws {
    try await Site.run { site in
      let resolver = FakeResolver([
        "site.invalid": [["127.0.0.1"]], "inside.invalid": [["192.168.1.1"]],
      ])
      let fetcher = WebFetcher(
        guardedBy: AddressGuard(rules: Self.loopback, resolver: resolver), mostRedirects: 3)
      func fetch(_ target: String) async throws -> WebFetcher.Answer {
        let escaped = target.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let url = try TargetURL("http://site.invalid:\(site.port)/redirect?to=\(escaped)")
        return try await fetcher.fetch(.init(url))
      }
      let done = try await fetch("/hello")
      #expect(done.url.resource == "/hello")
      #expect(done.status == 200)
      for target in [
        "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://inside.invalid/",
        "http://2130706433/", "http://0x7f.1/", "//10.0.0.1/", "http://localhost/",
        "http://a@127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO",
      ] {
        do {
          let answer = try await fetch(target)
          Issue.record("\(target) was followed to \(answer.url)")
        } catch let failure as WebFetcher.Failure {
          guard case .refused = failure else {
            Issue.record("\(target): \(failure)")
            continue
          }
        }
      }
      await #expect(throws: WebFetcher.Failure.tooManyRedirects(most: 3)) {
        try await fetcher.fetch(
          .init(try TargetURL("http://site.invalid:\(site.port)/loop")))
      }
    }
  }

  @Test func whatIsConfidentialStaysWithItsHost() async throws {
    try await Site.run { site in
      let resolver = FakeResolver([
        "site.invalid": [["127.0.0.1"]], "other.invalid": [["127.0.0.1"]],
      ])
      let fetcher = WebFetcher(
        guardedBy: AddressGuard(rules: Self.loopback, resolver: resolver), mostRedirects: 1)
      let to = "http%3A%2F%2Fother.invalid%3A\(site.port)%2Fheaders"
      let answer = try await fetcher.fetch(
        .init(
          try TargetURL("http://site.invalid:\(site.port)/redirect?to=\(to)"),
          headers: ["Authorization": "Bearer secret"]))
      #expect(String(decoding: answer.body, as: UTF8.self) == "none")
    }
  }

  @Test func answersHaveBounds() async throws {
    try await Site.run { site in
      let fetcher = WebFetcher(guardedBy: nil, mostBytes: 1000)
      await #expect(throws: WebFetcher.Failure.tooLong(mostBytes: 1000)) {
        try await fetcher.fetch(.init(try TargetURL("http://127.0.0.1:\(site.port)/long")))
      }
      let patient = WebFetcher(guardedBy: nil, timeoutSeconds: 1)
      await #expect(throws: WebFetcher.Failure.self) {
        try await patient.fetch(.init(try TargetURL("http://127.0.0.1:\(site.port)/endless")))
      }
    }
  }

  @Test func theSystemKnowsItsOwnName() async throws {
    let found = try await SystemResolver().addresses(of: "localhost")
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { ["RFC 1122", "RFC 4291"].contains($0.special?.source ?? "") })
    await #expect(throws: ResolutionFailure.self) {
      try await SystemResolver().addresses(of: "nothing.invalid")
    }
  }

  private static func leadsInside(_ name: String, _ text: String) -> WebFetcher.Failure {
    guard let address = IPAddress(text), let special = address.special else {
      return .transport("the test is wrong")
    }
    return .refused(.leadsTo(name: name, address, special))
  }
}

/// Answers what it was given, one list after the other; the last one goes on.
final class FakeResolver: AddressResolver {
  private struct State {
    var answers: [String: [[IPAddress]]]
    var asked: [String] = []
  }

  private let state: Mutex<State>

  init(_ answers: [String: [[String]]]) {
    state = Mutex(
      State(answers: answers.mapValues { $0.map { $0.compactMap { IPAddress($0) } } }))
  }

  var asked: [String] { state.withLock { $0.asked } }

  func addresses(of name: String) async throws(ResolutionFailure) -> [IPAddress] {
    let answer: [IPAddress]? = state.withLock { state in
      state.asked.append(name)
      guard let first = state.answers[name]?.first else { return nil }
      if (state.answers[name]?.count ?? 0) > 1 { state.answers[name]?.removeFirst() }
      return first
    }
    guard let answer else { throw ResolutionFailure(reason: "no such name") }
    return answer
  }
}

/// A site on loopback that remembers what it was asked.
private final class Site: Sendable {
  let port: Int
  private let requests: Requests

  private final class Requests: Sendable {
    let lines = Mutex<[String]>([])
  }

  private init(port: Int, requests: Requests) {
    self.port = port
    self.requests = requests
  }

  var seen: [String] { requests.lines.withLock { $0 } }

  static func run(_ body: @Sendable (Site) async throws -> Void) async throws {
    let requests = Requests()
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: router(requests), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { ready.yield($0.localAddress?.port ?? 0) },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { ready.finish() }
        try await application.run()
      }
      guard let port = await ports.first(where: { _ in true }) else {
        try await group.next()
        throw TestServer.Failure("the site ended before it was ready")
      }
      defer { group.cancelAll() }
      try await body(Site(port: port, requests: requests))
    }
  }

  private static func router(_ requests: Requests) -> Router<BasicRequestContext> {
    let router = Router()
    @Sendable func note(_ request: Request) {
      let host = request.head.authority ?? ""
      requests.lines.withLock { $0.append("\(request.method) \(host) \(request.uri)") }
    }
    router.get("hello") { request, _ in
      note(request)
      return "hello"
    }
    router.get("headers") { request, _ in request.headers[.authorization] ?? "none" }
    router.get("long") { _, _ in String(repeating: "x", count: 2000) }
    router.get("loop") { _, _ in Response.redirect(to: "/loop", type: .found) }
    router.get("redirect") { request, _ in
      Response.redirect(
        to: request.uri.queryParameters["to"].map(String.init) ?? "/", type: .found)
    }
    // A byte now and then, for longer than anybody's patience.
    router.get("endless") { _, _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          for _ in 0..<600 {
            try await writer.write(.init(string: "x"))
            try await Task.sleep(for: .milliseconds(100))
          }
          try await writer.finish(nil)
        })
    }
    return router
  }
}
