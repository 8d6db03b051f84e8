import Foundation
import Glibc
import HoldfastBrowser
import HoldfastCore
import Testing

/// The DevTools client against a real Chromium, with pages that need no server.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct BrowserClientTests {
  @Test func evaluatesAndReportsWhatThePageWrites() async throws {
    try await withBrowser { browser in
      #expect(browser.version.contains("Chrome"))
      let page = try await browser.newPage()
      try await page.navigate(
        to: "data:text/html,<title>one</title><script>console.warn('w',7)</script>")
      #expect(try await page.evaluate("document.title") == "one")
      #expect(
        try await page.evaluate("new Promise(r => setTimeout(() => r({a: [1, 2.5]}), 5))")
          == ["a": [1, 2.5]])
      try await page.wait(until: "document.readyState === 'complete'")
      #expect(page.console.map(\.text) == ["w 7"])
      #expect(page.console.map(\.level) == ["warning"])
      await #expect(throws: BrowserError.self) { try await page.evaluate("throw new Error('no')") }
      try await page.evaluate("setTimeout(() => { throw new Error('late') }, 0), 1")
      try await poll { page.exceptions.contains { $0.contains("late") } }
    }
  }

  @Test func clicksTypesAndPressesKeys() async throws {
    try await withBrowser { browser in
      let page = try await browser.newPage()
      try await page.navigate(
        to: """
          data:text/html,<input id=a><button id=b onclick="this.dataset.n=1%2B(this.dataset.n|0)">go</button>
          """)
      try await page.click("#a")
      try await page.type("héllo")
      #expect(try await page.evaluate("document.querySelector('#a').value") == "héllo")
      try await page.press(.tab)
      #expect(try await page.evaluate("document.activeElement.id") == "b")
      try await page.press(.enter)
      try await page.press(.space)
      try await page.click("#b")
      #expect(try await page.evaluate("document.querySelector('#b').dataset.n") == "3")
      await #expect(throws: BrowserError.elementNotFound(selector: "#none")) {
        try await page.click("#none")
      }
    }
  }

  @Test func showsAsAPhoneInTheDark() async throws {
    try await withBrowser { browser in
      let page = try await browser.newPage()
      try await page.show(
        as: PageAppearance(width: 390, height: 844, scale: 2, isMobile: false, colorScheme: .dark))
      try await page.navigate(to: "data:text/html,<p>x")
      #expect(
        try await page.evaluate(
          "[innerWidth, devicePixelRatio, matchMedia('(prefers-color-scheme: dark)').matches]")
          == [390, 2, true])
      let picture = try await page.screenshot()
      #expect(picture.prefix(4) == [0x89, 0x50, 0x4E, 0x47])
    }
  }

  @Test func aHungPageIsToldFromAHungBrowser() async throws {
    try await withBrowser { browser in
      let page = try await browser.newPage()
      let other = try await browser.newPage()
      await #expect(throws: BrowserError.timedOut(what: "Runtime.evaluate", seconds: 0.5)) {
        try await page.evaluate("for (;;) {}", limit: .milliseconds(500))
      }
      #expect(await page.isResponsive(within: .milliseconds(500)) == false)
      #expect(await other.isResponsive())
    }
  }

  @Test func aCrashedPageEndsItsWaits() async throws {
    try await withBrowser { browser in
      let page = try await browser.newPage()
      let other = try await browser.newPage()
      async let waiting: Void = page.wait(until: "false", limit: .seconds(20))
      do {
        try await page.send("Page.crash", limit: .seconds(5))
      } catch {
        // The renderer is gone before it can answer.
      }
      do {
        try await waiting
        Issue.record("the wait came to an end on a crashed page")
      } catch {
        #expect(error as? BrowserError == .pageCrashed)
      }
      try await poll { page.end == .pageCrashed }
      #expect(await other.isResponsive())
    }
  }

  @Test func aKilledBrowserFailsEveryWaitAndLeavesNothing() async throws {
    let browser = try await Browser()
    let page = try await browser.newPage()
    async let hanging = page.evaluate("new Promise(() => {})", limit: .seconds(30))
    kill(browser.processID, SIGKILL)
    do {
      _ = try await hanging
      Issue.record("the evaluation came to an end")
    } catch let error as BrowserError {
      #expect(error.isFatal, "\(error)")
    }
    await browser.close()
    #expect(!FileManager.default.fileExists(atPath: browser.folder))
    try await poll { kill(-browser.processID, 0) == -1 }
  }

  @Test func aDialogIsDismissed() async throws {
    try await withBrowser { browser in
      let page = try await browser.newPage()
      #expect(try await page.evaluate("confirm('sure?')") == false)
      #expect(page.dialogs == ["sure?"])
    }
  }

  @Test func aMissingProgramIsSaidSo() async {
    await #expect(throws: BrowserError.notInstalled(searched: ["/nowhere/chromium"])) {
      _ = try await Browser(BrowserOptions(executable: "/nowhere/chromium"))
    }
  }
}

/// Runs `body` with a browser that is gone afterwards, whatever happened.
func withBrowser(_ body: (Browser) async throws -> Void) async throws {
  let browser = try await Browser()
  do {
    try await body(browser)
  } catch {
    await browser.close()
    throw error
  }
  await browser.close()
  #expect(!FileManager.default.fileExists(atPath: browser.folder))
}

/// Waits until `condition` holds; fails the test after `limit`.
func poll(
  limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while !(try await condition()) {
    try #require(
      ContinuousClock.now < deadline, "not within \(limit)", sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(20))
  }
}
