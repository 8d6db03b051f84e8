import Foundation
import HoldfastBrowser
import HoldfastCore
import HoldfastTestKit
import Testing

/// `make screenshots`: the pictures of the documentation. Runs only where a folder for them is named.
@Suite(
  .serialized, .timeLimit(.minutes(10)),
  .enabled(if: ProcessInfo.processInfo.environment["HOLDFAST_SCREENSHOTS"] != nil))
struct Screenshots {
  private let folder = ProcessInfo.processInfo.environment["HOLDFAST_SCREENSHOTS"] ?? "artifacts"

  private static let light = PageAppearance(width: 1200, height: 760, scale: 1.25)

  @Test func ofALiveScan() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      try await dashboard.populate()
      let number = try await dashboard.submit()
      let page = try await dashboard.page("/scans/\(number)", as: Self.light)
      try await page.wait(
        until: "document.querySelector('#progress .current')", limit: .seconds(60))
      try await eventually("a rate on the page", within: .seconds(60)) {
        try await page.text(of: "#progress").contains("Rate") ? () : nil
      }
      try await shoot(page, as: "scan-running", dashboard)
      for target in ["music", "lectures", "archive"] {
        _ = try await dashboard.api(
          "POST", "/api/v1/scans",
          ["kind": "library", "target": .string("/srv/\(target)")])
      }
      try await page.navigate(to: dashboard.base + "/bulk?action=cancel&all=true")
      try await shoot(page, as: "bulk", dashboard)
      try await page.navigate(to: dashboard.base + "/schedules")
      try await shoot(page, as: "schedules", dashboard)
      var dark = Self.light
      dark.colorScheme = .dark
      let list = try await dashboard.page("/", as: dark)
      try await shoot(list, as: "list-dark", dashboard)
      let phone = try await dashboard.page(
        "/?sort=-number", as: PageAppearance(width: 390, height: 844, scale: 1.5))
      try await phone.evaluate("document.querySelector('.scans').scrollIntoView(), 1")
      try await shoot(phone, as: "list-phone", dashboard)
    }
  }

  @Test func ofWhatIsStuck() async throws {
    // The sweep would have recovered them before anybody sees them.
    let settings = ["HOLDFAST_SWEEP_INTERVAL_SECONDS": "3600"]
    try await Dashboard.open(settings: settings) { dashboard in
      try dashboard.makeLibrary()
      try await dashboard.ended(try await dashboard.submit())
      dashboard.brakeRunners()
      _ = try await dashboard.submit()
      for target in ["/srv/music", "/srv/lectures", "/srv/archive"] {
        _ = try await dashboard.api(
          "POST", "/api/v1/scans", ["kind": "library", "target": .string(target)])
      }
      try await dashboard.strand(["/srv/music", "/srv/lectures"], resumable: "/srv/lectures")
      let page = try await dashboard.page("/overview", as: Self.light)
      try await shoot(page, as: "overview", dashboard)
      try await page.navigate(to: dashboard.base + "/cleanup")
      try await shoot(page, as: "cleanup", dashboard)
    }
  }

  /// The library lies in a folder of this run's own, whose name would be another one in each picture: the texts that show it
  /// are given the name that a reader would have.
  private func shoot(_ page: BrowserPage, as name: String, _ dashboard: Dashboard) async throws {
    try await page.evaluate(
      """
      (() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          texts.currentNode.data = texts.currentNode.data.replaceAll('\(dashboard.library)', '/srv/courses');
        }
        for (const input of document.querySelectorAll('input')) {
          input.value = input.value.replaceAll('\(dashboard.library)', '/srv/courses');
        }
        return document.body.innerText.includes('\(dashboard.library)');
      })()
      """)
    try await dashboard.picture(of: page, as: name, in: folder, fullPage: false)
  }
}
