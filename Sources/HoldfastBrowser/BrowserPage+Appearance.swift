import Foundation
import HoldfastCore

/// What a page is told of the device it is shown on.
package struct PageAppearance: Sendable, Hashable {
  package enum ColorScheme: String, Sendable, CaseIterable {
    case light, dark
  }

  /// In CSS pixels.
  package var width: Int
  package var height: Int
  /// Device pixels for each CSS pixel.
  package var scale: Double
  package var isMobile: Bool
  package var colorScheme: ColorScheme
  package var prefersReducedMotion: Bool

  package init(
    width: Int, height: Int, scale: Double = 1, isMobile: Bool = false,
    colorScheme: ColorScheme = .light, prefersReducedMotion: Bool = false
  ) {
    self.width = width
    self.height = height
    self.scale = scale
    self.isMobile = isMobile
    self.colorScheme = colorScheme
    self.prefersReducedMotion = prefersReducedMotion
  }
}

extension BrowserPage {
  package func show(as appearance: PageAppearance) async throws(BrowserError) {
    try await send(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .int(Int64(appearance.width)), "height": .int(Int64(appearance.height)),
        "deviceScaleFactor": .double(appearance.scale), "mobile": .bool(appearance.isMobile),
      ])
    try await send(
      "Emulation.setEmulatedMedia",
      [
        "features": [
          [
            "name": "prefers-color-scheme",
            "value": .string(appearance.colorScheme.rawValue),
          ],
          [
            "name": "prefers-reduced-motion",
            "value": appearance.prefersReducedMotion ? "reduce" : "no-preference",
          ],
        ]
      ])
  }

  /// Requests whose URL matches one of the patterns (`*` stands for any text) fail; an empty list lets all through.
  package func block(urlPatterns: [String]) async throws(BrowserError) {
    try await send(
      "Network.setBlockedURLs", ["urls": .array(urlPatterns.map { .string($0) })])
  }

  /// A picture of the page as PNG.
  ///
  /// - Parameter fullPage: the whole document rather than what the window shows.
  package func screenshot(fullPage: Bool = false) async throws(BrowserError) -> [UInt8] {
    let method = "Page.captureScreenshot"
    let answer = try await send(
      method, ["format": "png", "captureBeyondViewport": .bool(fullPage)])
    guard let text = answer["data"]?.stringValue, let data = Data(base64Encoded: text) else {
      throw .unexpectedAnswer(method: method)
    }
    return [UInt8](data)
  }
}
