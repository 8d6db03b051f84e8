import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// The list of scans in a real browser: filters, many at once, and what is selected while the page is kept current.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ScanListTests {
  @Test func manyAreFoundSelectedAndCancelled() async throws {
    try await Dashboard.open { dashboard in
      // None of them can start: the only slot is taken.
      _ = try await dashboard.api(
        "POST", "/api/v1/scans",
        ["kind": "idle", "target": "portal-1", "params": ["region": "north"]])
      try await dashboard.wait(for: "running", of: 1)
      for index in 0..<3 { try await Self.submit("/nowhere/\(index)", to: dashboard) }
      let page = try await dashboard.page()
      try await page.click("#filter-search")
      try await page.type("NOWHERE")
      try await page.press(.enter)
      try await page.wait(
        until: """
          location.search.includes('search=NOWHERE')
            && document.querySelector('#connection')?.dataset.mode === 'live'
          """)
      #expect(try await Self.rows(on: page) == 3)
      try await page.click("[data-key='select-2']")
      #expect(try await page.text(of: "#selected-count") == "1 selected")
      // Another scan comes: the list is new, and what was selected still is.
      try await Self.submit("/nowhere/late", to: dashboard)
      try await page.wait(
        until: "document.querySelectorAll('[data-key^=row-]').length === 4")
      #expect(try await page.text(of: "#selected-count") == "1 selected")
      try await page.click(".select-all")
      #expect(try await page.text(of: "#selected-count") == "4 selected")
      try await page.click(".bulk button")
      try await page.wait(until: "document.querySelector('h1')?.innerText === 'Cancel: 4 scans?'")
      try await page.click(".confirm-form button")
      try await page.wait(until: "document.querySelector('h1')?.innerText === 'Cancel: 4 scans'")
      let left = try await dashboard.api("GET", "/api/v1/scans?status=pending,running")["items"]
      #expect(left?.arrayValue?.compactMap { $0["number"]?.intValue } == [1])
    }
  }

  @Test func aTokenIsMadeShownOnceAndRevoked() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["401"]
      let page = try await dashboard.page("/tokens")
      try await page.click("#token-name")
      try await page.type("ci")
      try await page.press(.enter)
      try await page.wait(until: "document.querySelector('#secret')")
      let secret = try await page.text(of: "#secret")
      #expect(try await Self.status(bearing: secret, at: dashboard) == 200)
      try await page.navigate(to: dashboard.base + "/tokens")
      #expect(try await page.evaluate("document.body.innerText.includes('\(secret)')") == false)
      try await page.click("[data-key^=action-revoke]")
      try await page.wait(until: "document.querySelector('.confirm:popover-open')")
      try await page.press(.enter)
      try await page.wait(until: "document.querySelector('.tone-calm')?.innerText === 'Revoked'")
      #expect(try await Self.status(bearing: secret, at: dashboard) == 401)
    }
  }

  private static func submit(_ target: String, to dashboard: Dashboard) async throws {
    _ = try await dashboard.api(
      "POST", "/api/v1/scans", ["kind": "library", "target": .string(target)])
  }

  private static func rows(on page: BrowserPage) async throws -> Int64? {
    try await page.evaluate("document.querySelectorAll('[data-key^=row-]').length").intValue
  }

  private static func status(bearing token: String, at dashboard: Dashboard) async throws -> Int {
    try await HTTPCall.send("GET", dashboard.base + "/api/v1/me", token: token, body: nil).status
  }
}
