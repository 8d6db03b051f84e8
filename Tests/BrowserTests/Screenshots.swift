import Foundation
import HoldfastBrowser
import HoldfastTestKit
import Testing

/// `make screenshots`: the pictures of the documentation. Runs only where a folder for them is named.
@Suite(
  .serialized, .timeLimit(.minutes(10)),
  .enabled(if: ProcessInfo.processInfo.environment["HOLDFAST_SCREENSHOTS"] != nil))
struct Screenshots {
  private let folder = ProcessInfo.processInfo.environment["HOLDFAST_SCREENSHOTS"] ?? "artifacts"

  @Test func ofTheReadme() async throws {
    try await Dashboard.open { dashboard in
      try dashboard.makeLibrary()
      dashboard.brakeRunners()
      let number = try await dashboard.submit()
      let light = PageAppearance(width: 1200, height: 760, scale: 1.5)
      let page = try await dashboard.page("/scans/\(number)", as: light)
      try await page.wait(
        until: "document.querySelector('#progress .current')", limit: .seconds(30))
      try await eventually("a rate on the page") {
        try await page.text(of: "#progress").contains("Rate") ? () : nil
      }
      try await shoot(page, as: "scan-running", dashboard)
      let overview = try await dashboard.page("/overview", as: light)
      try await shoot(overview, as: "overview", dashboard)
      dashboard.releaseRunners()
      try await page.wait(
        until: "document.querySelector('#scan-head .status-partial')", limit: .seconds(60))
      try await shoot(page, as: "scan", dashboard)
      var dark = light
      dark.colorScheme = .dark
      let list = try await dashboard.page("/", as: dark)
      try await shoot(list, as: "list-dark", dashboard)
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
