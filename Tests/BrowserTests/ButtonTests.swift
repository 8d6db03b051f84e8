import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// What an operator's buttons do to scans, clicked in a real browser; those of the list are in ``ScanListTests``.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ButtonTests {
  /// A scan from its form through every state that buttons lead to.
  @Test func everyButtonOfAScanDoesWhatItSays() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["400"]
      let page = try await dashboard.page("/new")
      try await Self.startIdle(on: page)
      let number: Int64 = 1
      for (button, status) in [
        (nil, "running"), ("pause", "paused"), ("resume", "running"), ("fail", "failed"),
        ("retry", "running"), ("cancel", "cancelled"), ("retry", "running"),
      ] {
        if let button { try await page.confirm("action-\(button)") }
        try await page.settle(
          until: "document.querySelector('#scan-head .status-\(status)')")
        try await dashboard.wait(for: status, of: number)
      }
      // “Start over” leaves it running as well: its attempt tells them apart.
      let attempt = try await dashboard.api("GET", "/api/v1/scans/1")["attempt"]?.intValue
      try await page.confirm("action-requeue")
      try await page.wait(forText: "attempt \(try #require(attempt) + 1)")

      try await page.click("#details .more a[href$='/why']")
      try await page.settle(until: "document.querySelector('#process-heading')")
      try await page.evaluate("window.isAsking = true")
      try await page.click("a[href='/scans/1/why']:not(.crumbs *)")
      try await page.settle(until: "!window.isAsking && document.querySelector('#why-heading')")
      #expect(try await page.text(of: "#why-heading") == "portal-1")
      try await page.navigate(to: "\(dashboard.base)/scans/1")
      try await page.click("#details .more a[href^='/?target=']")
      try await page.settle(until: "document.querySelectorAll('[data-key^=row-]').length === 1")
    }
  }

  /// `/new`: what is wrong is said beside what was typed; then the scan starts.
  private static func startIdle(on page: BrowserPage) async throws {
    try await page.click("a[href='/new/idle']")
    try await page.settle(until: "document.querySelector('#target')")
    try await page.fill(["target": "portal-1", "p.pages": "501"])
    try await page.choose("north", in: "p.region")
    try await page.click(".scan-button")
    try await page.settle(until: "document.querySelector('#kind-error')?.innerText")
    #expect(try await page.text(of: "#kind-error").contains("pages"))
    #expect(try await page.evaluate("document.querySelector('#target').value") == "portal-1")
    try await page.fill(["p.pages": "500"])
    try await page.click(".scan-button")
    try await page.settle(until: "location.pathname.startsWith('/scans/')")
  }

  /// While a question is open, what it stands in stays as it is; when it is closed, the page catches up.
  @Test func aPageCatchesUpWhenAQuestionIsClosed() async throws {
    try await Dashboard.open { dashboard in
      _ = try await dashboard.api(
        "POST", "/api/v1/scans",
        ["kind": "idle", "target": "portal-1", "params": ["region": "north"]])
      let page = try await dashboard.page("/scans/1")
      try await page.settle(
        until: """
          document.querySelector('#connection').dataset.mode === 'live'
            && document.querySelector('#scan-head .status-running')
          """)
      try await page.click("[data-key=action-pause]")
      try await page.settle(until: "document.querySelector('.confirm:popover-open')")
      _ = try await dashboard.api("POST", "/api/v1/scans/1/cancel")
      try await page.wait(forText: "Scan cancelled")
      #expect(try await page.text(of: "#scan-head .status") == "Running")
      #expect(
        try await page.evaluate("document.querySelector('.confirm:popover-open') !== null") == true)
      try await page.press(.escape)
      try await page.settle(
        until: "document.querySelector('#scan-head .status-cancelled')")
    }
  }

  /// *Resume* where the overview says what needs somebody, *Clean Stuck Runs*, *Reset All Audits*.
  @Test func whatIsStuckIsCleanedAndWhatFailedIsPutBack() async throws {
    // The sweep would clean what the button is to clean.
    let settings = ["HOLDFAST_SWEEP_INTERVAL_SECONDS": "3600"]
    try await Dashboard.open(settings: settings) { dashboard in
      // None of the others can start: the only slot is taken.
      _ = try await dashboard.api(
        "POST", "/api/v1/scans",
        ["kind": "idle", "target": "portal-1", "params": ["region": "north"]])
      try await dashboard.wait(for: "running", of: 1)
      _ = try await dashboard.api(
        "POST", "/api/v1/scans",
        ["kind": "idle", "target": "portal/dead", "params": ["region": "north"]])
      for target in ["/nowhere/resumable", "/nowhere/resumed", "/nowhere/failed"] {
        _ = try await dashboard.api(
          "POST", "/api/v1/scans", ["kind": "library", "target": .string(target)])
      }
      let page = try await dashboard.page("/scans/5")
      try await page.confirm("action-fail")
      try await dashboard.wait(for: "failed", of: 5)
      try await dashboard.strand(
        ["portal/dead", "/nowhere/resumable", "/nowhere/resumed"],
        resumable: "/nowhere/resumable")
      try await page.navigate(to: dashboard.base + "/overview")
      try await page.confirm("action-4-resume")
      try await dashboard.wait(for: "pending", of: 4)
      try await Self.clean(on: page, dashboard)
      try await page.navigate(to: dashboard.base + "/scans/2")
      try await page.confirm("action-revert")
      try await dashboard.wait(for: "pending", of: 2)
      try await page.navigate(to: dashboard.base + "/")
      try await page.click("a[href='/reset']")
      try await page.settle(until: "location.pathname === '/reset'")
      try await page.click(".confirm-form button")
      try await page.wait(forText: "1 scan is back to pending.")
      try await dashboard.wait(for: "pending", of: 5)
    }
  }

  /// The plan that was shown, narrowed by its form, and no other.
  private static func clean(on page: BrowserPage, _ dashboard: Dashboard) async throws {
    try await page.navigate(to: dashboard.base + "/")
    try await page.click("a[href='/cleanup']")
    try await page.settle(until: "location.pathname === '/cleanup'")
    let shown = try await page.text(of: "main")
    #expect(shown.contains("portal/dead") && shown.contains("/nowhere/resumable"))
    for (target, left) in [("*/dead", 1), ("", 0)] {
      try await page.fill(["cleanup-target": target])
      try await page.press(.enter)
      try await page.settle(
        until: "new URLSearchParams(location.search).get('target') === '\(target)'")
      try await page.click(".confirm-form button")
      try await page.wait(forText: "Cleaned 1/1")
      let plan = try await dashboard.api("POST", "/api/v1/plans", [:])
      #expect(plan["entries"]?.arrayValue?.count == left)
      try await page.click("a[href='/cleanup']")
      try await page.settle(
        until: "document.querySelector('#cleanup-target')")
    }
  }
}
