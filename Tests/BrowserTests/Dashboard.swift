import Foundation
import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// A real server with a library to scan and a browser to look at it, for one test.
final class Dashboard {
  let folder: TemporaryFolder
  let browser: Browser
  private(set) var server: HoldfastProcess
  private(set) var base: String
  private(set) var pages: [BrowserPage] = []
  private var brake: Brake?

  /// A kind whose scans run until somebody ends them.
  static let idleKind = """
    kinds:
      idle:
        about: Sleeps.
        command: [sleep, "3600"]
        policy: {on_stuck: fail}
        parameters:
          deep: {type: boolean}
          pages: {type: integer, minimum: 1, maximum: 500, default: 10}
          region: {type: string, enum: [north, south], required: true}
    """

  /// What a scan of the library takes to be wrong: one file in each course.
  static let errorTypes = ["invalid_extension"]
  static let courses = 300
  static let filesPerCourse = 30

  /// What the server's environment says beside its flags.
  private let settings: [String: String]

  private init(_ settings: [String: String], configuration: String) async throws {
    folder = try TemporaryFolder(prefix: "holdfast-dashboard")
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder.path("holdfast.yaml")))
    self.settings = settings.merging(["HOLDFAST_CONFIG": folder.path("holdfast.yaml")]) { $1 }
    server = try Self.serve(folder, port: 0, self.settings)
    base = try await server.waitUntilServing()
    browser = try await Browser()
  }

  /// Runs `body` with a dashboard, keeps a picture of each page if it fails, and checks after it that no page wrote an
  /// error, threw, or asked another machine for anything.
  static func open(
    _ name: String = #function, settings: [String: String] = [:],
    configuration: String = Dashboard.idleKind,
    _ body: (Dashboard) async throws -> Void
  ) async throws {
    let dashboard = try await Dashboard(settings, configuration: configuration)
    do {
      try await body(dashboard)
      dashboard.expectQuietPages()
    } catch {
      let test = name.prefix { $0 != "(" }
      for (number, page) in dashboard.pages.enumerated() {
        // The failure itself is what counts; a page that cannot be pictured any more has none.
        try? await dashboard.picture(of: page, as: "failed-\(test)-\(number)")
      }
      await dashboard.close()
      throw error
    }
    await dashboard.close()
  }

  private func close() async {
    brake?.release()
    await browser.close()
    do {
      try await server.kill9()
    } catch {
      Issue.record(error)
    }
  }

  private static func serve(
    _ folder: TemporaryFolder, port: Int, _ settings: [String: String]
  ) throws -> HoldfastProcess {
    try HoldfastProcess(
      ["serve", "--port", "\(port)", "--slots", "1", "--data-dir", folder.path("data")],
      environment: settings)
  }

  // MARK: The library

  var library: String { folder.path("library") }

  func makeLibrary(courses: Int = Dashboard.courses) throws {
    for course in 0..<courses {
      let path = "\(library)/category-\(course / 50)/course-\(course)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for file in 0..<Self.filesPerCourse {
        try Data([1]).write(to: URL(fileURLWithPath: "\(path)/lesson-\(file).mp4"))
      }
      try Data([1]).write(to: URL(fileURLWithPath: "\(path)/setup.exe"))
    }
  }

  /// Slows the runners down, so that a scan takes long enough to be watched.
  func brakeRunners() { brake = Brake(on: server, scanning: library) }

  func releaseRunners() { brake?.release() }

  // MARK: The server

  func killServer() async throws {
    brake?.release()
    try await server.kill9()
  }

  /// Starts the server again on the same port.
  func restartServer() async throws {
    let port = try #require(base.split(separator: ":").last.flatMap { Int($0) })
    server = try Self.serve(folder, port: port, settings)
    #expect(try await server.waitUntilServing() == base)
  }

  var token: String {
    get throws {
      try String(contentsOfFile: folder.path("data/admin-token"), encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// Calls the API with the admin token.
  func api(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
    let answer = try await HTTPCall.send(method, base + path, token: try token, body: body)
    try #require((200..<300).contains(answer.status), "\(answer.status): \(answer.text)")
    return try answer.json
  }

  /// Submits a scan of the library and returns its number.
  func submit() async throws -> Int64 {
    let scan = try await api(
      "POST", "/api/v1/scans",
      [
        "kind": "library", "target": .string(library),
        "params": ["allowed_extensions": ["mp4"]],
      ])
    return try #require(scan["number"]?.intValue)
  }

  /// Gives every page something to show: a schedule, a token, a user.
  func populate() async throws {
    for (path, wish) in [
      (
        "/api/v1/schedules",
        ["name": "nightly", "kind": "library", "target": "/srv/courses", "cron": "0 3 * * *"]
      ),
      ("/api/v1/tokens", ["name": "ci", "role": "operator", "expires_in_seconds": 86_400]),
      ("/api/v1/users", ["name": "ann", "role": "viewer", "password": "correct horse battery"]),
    ] as [(String, JSONValue)] {
      _ = try await api("POST", path, wish)
    }
  }

  /// Every page of somebody who is signed in, with this scan.
  static func paths(scan number: Int64) -> [String] {
    [
      "/overview", "/", "/scans/\(number)", "/scans/\(number)/why", "/workers", "/schedules",
      "/policies", "/tokens", "/users", "/audit-log", "/account", "/cleanup", "/reset",
      "/bulk?action=retry&scan=\(number)", "/?search=nothing+of+the+kind",
      "/new", "/new/idle", "/problems/not-found",
    ]
  }

  /// Makes scans that wait look as if a worker had claimed them and died.
  ///
  /// - Parameter resumable: the target of the one that had saved a checkpoint.
  func strand(_ targets: [String], resumable: String) async throws {
    let time = { (ago: Int) in "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(ago) seconds')" }
    let names = targets.map { "'\($0)'" }.joined(separator: ", ")
    _ = try await SQLiteShell.run(
      """
      UPDATE scans SET status = 'running', transitions = transitions + 1, attempt = 1, lease_token = lease_token + 1,
        worker_id = 'gone', worker_name = 'batch-2', created_at = \(time(3000)),
        claimed_at = \(time(2400)), started_at = \(time(2400)), progress_at = \(time(2300)),
        last_activity_at = \(time(2290)), check_at = \(time(2200)),
        checkpoint = CASE WHEN target = '\(resumable)' THEN '{"path":"b"}' END
      WHERE target IN (\(names))
      """, path: folder.path("data/holdfast.db"))
  }

  /// Waits until a scan has a status.
  func wait(for status: String, of number: Int64) async throws {
    try await eventually("scan \(number) to be \(status)", within: .seconds(60)) {
      try await api("GET", "/api/v1/scans/\(number)")["status"]?.stringValue == status ? () : nil
    }
  }

  /// Waits for a scan's end.
  func ended(_ number: Int64) async throws {
    try await eventually("the end of scan \(number)", within: .seconds(60)) {
      let scan = try await api("GET", "/api/v1/scans/\(number)")
      return scan["ended_at"]?.stringValue == nil ? nil : ()
    }
  }

  // MARK: Pages

  /// A page that is signed in and shows `path`.
  func page(
    _ path: String = "/",
    as appearance: PageAppearance = PageAppearance(width: 1280, height: 900)
  ) async throws -> BrowserPage {
    let page = try await emptyPage(as: appearance)
    let code = try await api("POST", "/api/v1/sign-in-codes")["code"]?.stringValue
    try await page.navigate(to: "\(base)/sign-in?code=\(try #require(code))")
    try await page.wait(until: "location.pathname === '/' && document.readyState === 'complete'")
    if path != "/" { try await page.navigate(to: base + path) }
    return page
  }

  func emptyPage(
    as appearance: PageAppearance = PageAppearance(width: 1280, height: 900)
  ) async throws -> BrowserPage {
    let page = try await browser.newPage()
    pages.append(page)
    try await page.show(as: appearance)
    return page
  }

  /// Console errors that a test brings about itself (a server that is away, a stream that is blocked).
  var expectedConsoleErrors: [String] = []

  private func expectQuietPages() {
    for page in pages {
      #expect(page.exceptions == [])
      let errors = page.console.filter { message in
        message.level == "error" && !expectedConsoleErrors.contains { message.text.contains($0) }
      }
      #expect(errors == [])
      let elsewhere = page.requests.map(\.url).filter { url in
        !url.hasPrefix(base + "/") && !url.hasPrefix("data:") && url != "about:blank"
      }
      #expect(elsewhere == [], "requests to elsewhere")
    }
  }

  /// Writes a picture of the page to `artifacts/`, which version control leaves out.
  func picture(
    of page: BrowserPage, as name: String, in folder: String = "artifacts", fullPage: Bool = true
  ) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let picture = try await page.screenshot(fullPage: fullPage)
    try Data(picture).write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
  }
}

extension BrowserPage {
  func text(of selector: String) async throws -> String {
    try await evaluate("document.querySelector('\(selector)')?.innerText ?? ''").stringValue ?? ""
  }
}

extension BrowserPage {
  /// Presses a button that asks before it acts, says yes, and waits for the page that answers.
  func confirm(_ key: String) async throws {
    try await settle(until: "document.querySelector('[data-key=\(key)]')")
    try await evaluate("window.isAsking = true")
    try await click("[data-key=\(key)]")
    try await wait(until: "document.querySelector('.confirm:popover-open')")
    try await press(.enter)
    try await settle(until: "!window.isAsking")
  }

  /// Waits until an expression is true in a document that is there as a whole.
  func settle(until expression: String) async throws {
    try await wait(until: "document.readyState === 'complete' && (\(expression))")
  }

  /// Fills fields of a form by their ids.
  func fill(_ fields: KeyValuePairs<String, String>) async throws {
    for (id, text) in fields {
      try await click("[id='\(id)']")
      try await evaluate("document.getElementById('\(id)').select(), 1")
      try await type(text)
    }
  }

  /// Chooses a value of a list; its own window is none of the page's.
  func choose(_ value: String, in id: String) async throws {
    let isChosen = try await evaluate(
      """
      (() => {
        const list = document.getElementById('\(id)');
        list.value = '\(value)';
        list.dispatchEvent(new Event('change', {bubbles: true}));
        return list.value === '\(value)';
      })()
      """)
    #expect(isChosen == true, "\(id) has no \(value)")
  }

  /// Waits until the page says so.
  func wait(forText text: String) async throws {
    try await settle(until: "document.body.innerText.includes('\(text)')")
  }
}
