import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// The dashboard in a real browser, served by the real binary, while it scans a real folder.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DashboardTests {
  @Test func onlyACodeOrTheTokenSignsIn() async throws {
    try await Dashboard.open { dashboard in
      let page = try await dashboard.emptyPage()
      dashboard.expectedConsoleErrors = ["401", "403"]
      try await page.navigate(to: dashboard.base + "/")
      #expect(try await page.evaluate("location.pathname") == "/sign-in")
      try await page.type("wrong")
      try await page.press(.enter)
      try await page.wait(until: "document.querySelector('#token-error')")
      try await page.click("#token")
      try await page.type(try dashboard.token)
      try await page.press(.enter)
      try await page.wait(until: "document.querySelector('#scan-form')")

      let code = try await dashboard.api("POST", "/api/v1/sign-in-codes")["code"]?.stringValue
      let address = "\(dashboard.base)/sign-in?code=\(try #require(code))"
      let first = try await dashboard.emptyPage()
      try await first.navigate(to: address)
      try await first.wait(until: "document.querySelector('#scan-form')")
      let second = try await dashboard.emptyPage()
      try await second.navigate(to: address)
      try await second.wait(until: "document.querySelector('#token-error')")
      #expect(try await second.evaluate("document.querySelector('#scan-form')") == .null)
      #expect(
        try await first.evaluate("document.cookie") == "", "scripts must not see the session")
    }
  }

  @Test func aScanMovesLiveAndThenShowsItsResults() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      let page = try await dashboard.page()
      #expect(try await page.text(of: "#last-scan").contains("No library scan has ended yet"))
      #expect(
        try await page.evaluate("document.querySelector('#scan-button').dataset.state") == "ready")
      try await page.evaluate(
        """
        window.states = [];
        new MutationObserver(() => states.push(document.querySelector('#scan-button').dataset.state))
          .observe(document.querySelector('#scan-button'), {attributes: true});
        sessionStorage.setItem('states', '');
        addEventListener('pagehide', () => sessionStorage.setItem('states', states.join()));
        """)
      try await page.click("#root-path")
      try await page.type(dashboard.library)
      try await page.click("summary")
      try await page.click("#allowed-extensions")
      try await page.type("mp4")
      try await page.click("#scan-button")
      try await page.wait(until: "location.pathname.startsWith('/scans/')")
      let states = try await page.evaluate("sessionStorage.getItem('states')").stringValue ?? ""
      #expect(states.contains("validating"))

      try await page.wait(until: "document.querySelector('#connection').dataset.mode === 'live'")
      try await page.evaluate("window.isTheSameDocument = true")
      try await Self.expectMovement(on: page, within: .seconds(30))
      try await dashboard.picture(of: page, as: "scan-moving")

      // Elsewhere, the button of the same folder is disabled while the scan runs.
      let list = try await dashboard.page()
      #expect(try await list.evaluate("document.querySelector('#scan-button').disabled") == true)
      #expect(try await list.text(of: "#scan-button") == "Scan in progress")
      #expect(try await list.text(of: ".status-running") == "Running")

      dashboard.releaseRunners()
      try await page.wait(
        until: "document.querySelector('#scan-head .status-partial')", limit: .seconds(60))
      #expect(
        try await page.evaluate("window.isTheSameDocument") == true, "the page was loaded anew")
      #expect(
        try await page.evaluate("document.querySelector('#scan-head .badge-warning') !== null")
          == true)
      let files = Dashboard.courses * Dashboard.filesPerCourse
      #expect(try await Self.counter("added", on: page) == files)
      #expect(try await Self.counter("errors", on: page) == Dashboard.courses)
      #expect(try await page.text(of: "#errors tbody tr").contains("invalid_extension"))
      #expect(try await page.text(of: "#results tbody tr").contains("added"))
      #expect(
        try await page.evaluate("document.querySelectorAll('#timeline li').length").intValue ?? 0
          >= 3)
      #expect(try await page.text(of: "#announcer").contains("\(Dashboard.courses) errors"))

      try await list.wait(until: "!document.querySelector('#scan-button').disabled")
      try await list.wait(until: "document.querySelector('#last-scan').innerText.includes('added')")
      #expect(try await list.text(of: "#last-scan").contains("9,000 added"))
      try await dashboard.picture(of: page, as: "scan-ended")
      try await dashboard.picture(of: list, as: "list")
    }
  }

  @Test func aFailedScanShowsWhy() async throws {
    try await Dashboard.open { dashboard in
      let page = try await dashboard.page()
      try await page.click("#root-path")
      try await page.type("/nowhere/at/all")
      try await page.press(.enter)
      try await page.wait(until: "location.pathname.startsWith('/scans/')")
      try await page.wait(
        until: "document.querySelector('#scan-head .status-failed')", limit: .seconds(30))
      #expect(try await page.text(of: "#progress").contains("/nowhere/at/all"))
      try await page.click("a[href='/']")
      try await page.wait(until: "location.pathname === '/' && document.readyState === 'complete'")
      #expect(
        try await page.evaluate(
          "document.querySelector('#last-scan .badge-error, #last-scan .badge') !== null") == true)
    }
  }

  @Test func pollsWhereStreamsAreBlocked() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["/api/v1/events", "ERR_BLOCKED_BY_CLIENT"]
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      let number = try await dashboard.submit()
      let page = try await dashboard.page()
      try await page.block(urlPatterns: ["*/api/v1/events*"])
      try await page.navigate(to: "\(dashboard.base)/scans/\(number)")
      try await page.wait(until: "document.querySelector('#connection').dataset.mode === 'polling'")
      #expect(try await page.text(of: "#connection") == "Polling every 5 s")
      try await Self.expectMovement(on: page, within: .seconds(40))
      dashboard.releaseRunners()
      try await page.wait(
        until: "document.querySelector('#scan-head .status-partial')", limit: .seconds(60))
    }
  }

  @Test func anOpenPageOutlivesTheServer() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY"]
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      let number = try await dashboard.submit()
      let page = try await dashboard.page("/scans/\(number)")
      try await page.wait(until: "document.querySelector('#connection').dataset.mode === 'live'")
      try await Self.expectMovement(on: page, within: .seconds(30))
      try await page.evaluate("window.isTheSameDocument = true")
      try await dashboard.killServer()
      try await page.wait(
        until: "document.querySelector('#connection').dataset.mode === 'offline'",
        limit: .seconds(20))
      try await dashboard.restartServer()
      try await page.wait(
        until: "document.querySelector('#connection').dataset.mode === 'live'",
        limit: .seconds(30))
      try await page.wait(
        until: "document.querySelector('#scan-head .status-partial')", limit: .seconds(60))
      #expect(
        try await page.evaluate("window.isTheSameDocument") == true, "the page was loaded anew")
    }
  }

  /// Waits until the page has shown three different counts of what is done.
  private static func expectMovement(on page: BrowserPage, within limit: Duration) async throws {
    var seen: Set<String> = []
    try await eventually("three counts on the page", within: limit) {
      let count = try await page.evaluate(
        """
        [...document.querySelectorAll('#progress .measures div')]
          .find(e => e.querySelector('dt').textContent === 'Done')?.querySelector('dd').innerText ?? ''
        """
      ).stringValue
      if let count, !count.isEmpty { seen.insert(count) }
      return seen.count >= 3 ? () : nil
    }
  }

  private static func counter(_ name: String, on page: BrowserPage) async throws -> Int {
    let text = try await page.text(of: ".counter-\(name) dd")
    return Int(text.filter(\.isNumber)) ?? -1
  }
}
