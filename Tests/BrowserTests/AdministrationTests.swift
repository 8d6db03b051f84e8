import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// The forms of schedules, access and the pages that are read, in a real browser.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AdministrationTests {
  @Test func schedulesComeAndGo() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["400"]
      let page = try await dashboard.page("/schedules")
      try await page.fill([
        "schedule-name": "nightly", "schedule-target": "/srv/courses",
        "schedule-cron": "0 25 * * *", "schedule-zone": "Europe/Berlin",
      ])
      try await page.press(.enter)
      try await page.settle(until: "document.querySelector('.field-error')")
      #expect(
        try await page.evaluate("document.querySelector('#schedule-name').value") == "nightly")
      try await page.fill(["schedule-cron": "0 3 * * *"])
      try await page.press(.enter)
      try await page.settle(
        until: "document.querySelector('[data-key=action-remove-nightly]')")
      let made = try await dashboard.api("GET", "/api/v1/schedules/nightly")
      #expect(made["zone"] == "Europe/Berlin" && made["cron"] == "0 3 * * *")
      try await page.confirm("action-remove-nightly")
      try await page.wait(forText: "No schedules yet")
      #expect(try await dashboard.api("GET", "/api/v1/schedules")["items"] == [])

      // The pages that are only read have forms that narrow them.
      try await page.navigate(to: dashboard.base + "/policies")
      try await page.click(".tabs a[href*='portal']")
      try await page.wait(forText: "What holds for portal scans")
      try await page.navigate(to: dashboard.base + "/audit-log")
      try await page.fill(["audit-action": "schedule.remove"])
      try await page.press(.enter)
      try await page.settle(until: "location.search.includes('schedule.remove')")
      #expect(
        try await page.evaluate(
          "[...document.querySelectorAll('tbody td > code')].map(code => code.innerText)")
          == ["schedule.remove"])
    }
  }

  @Test func aTokenGetsAnotherSecret() async throws {
    try await Dashboard.open { dashboard in
      let old = try await dashboard.api("POST", "/api/v1/tokens", ["name": "ci", "role": "viewer"])
      let page = try await dashboard.page("/tokens")
      try await page.confirm("action-rotate-\(try #require(old["id"]?.stringValue))")
      try await page.settle(until: "document.querySelector('#secret')")
      let secret = try await page.text(of: "#secret")
      for (token, status) in [(old["token"]?.stringValue ?? "", 401), (secret, 200)] {
        let answer = try await HTTPCall.send(
          "GET", dashboard.base + "/api/v1/me", token: token, body: nil)
        #expect(answer.status == status)
      }
    }
  }

  /// A user is added, becomes an operator, signs in, sets another password, is given one, and is let out.
  @Test func somebodyIsLetInAndOut() async throws {
    try await Dashboard.open { dashboard in
      dashboard.expectedConsoleErrors = ["401"]
      let admin = try await dashboard.page("/users")
      try await admin.fill(["user-name": "ann", "user-password": "correct horse battery"])
      try await admin.press(.enter)
      try await admin.wait(forText: "ann can sign in now.")

      try await admin.choose("operator", in: "role-0-0")
      try await admin.click("tbody .inline-form button")
      try await admin.wait(forText: "ann is operator in default now.")

      let ann = try await dashboard.emptyPage()
      try await Self.signIn("correct horse battery", on: ann, dashboard)
      #expect(try await ann.evaluate("document.querySelector('#scan-form') !== null") == true)
      #expect(try await ann.evaluate("document.querySelector('a[href=\"/users\"]')") == .null)
      try await ann.navigate(to: dashboard.base + "/account")
      try await ann.fill([
        "current-password": "correct horse battery", "new-password": "another horse battery",
      ])
      try await ann.press(.enter)
      try await ann.settle(until: "location.pathname === '/sign-in'")

      try await admin.click("tbody details summary")
      try await admin.click("tbody details input[name=password]")
      try await admin.type("a third horse battery")
      try await admin.press(.enter)
      try await admin.wait(forText: "ann has a new password")
      try await admin.choose("", in: "role-0-0")
      try await admin.click("tbody .inline-form button")
      try await admin.wait(forText: "ann cannot sign in any more.")
      try await admin.click(".sign-out button")
      try await admin.settle(until: "location.pathname === '/sign-in'")
    }
  }

  private static func signIn(
    _ password: String, on page: BrowserPage, _ dashboard: Dashboard
  ) async throws {
    try await page.navigate(to: dashboard.base + "/sign-in")
    try await page.click("details summary")
    try await page.fill(["name": "ann", "password": password])
    try await page.press(.enter)
    try await page.settle(until: "document.querySelector('#scans')")
  }
}
