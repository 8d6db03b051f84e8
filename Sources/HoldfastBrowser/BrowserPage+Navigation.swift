package import HoldfastCore

extension BrowserPage {
  /// Opens `url` and waits for the document's `load` event.
  ///
  /// - Returns: the HTTP status of the document, after redirects; `nil` where there is none (`about:blank`, a fragment).
  @discardableResult
  package func navigate(
    to url: String, limit: Duration = .seconds(30)
  ) async throws(BrowserError) -> Int? {
    let answer = try await send("Page.navigate", ["url": .string(url)], limit: limit)
    if let why = answer["errorText"]?.stringValue, !why.isEmpty {
      throw .navigationFailed(url: url, why: why)
    }
    // Without a loader the document stayed the same, and there is nothing to wait for.
    guard let loader = answer["loaderId"]?.stringValue else { return nil }
    try await wait(for: "opening \(url)", limit: limit) { $0.loaded.contains(loader) }
    return status(ofLoader: loader)
  }

  /// Evaluates an expression in the page's main world, waits for a promise it may be, and returns its value as JSON.
  @discardableResult
  package func evaluate(
    _ expression: String, limit: Duration? = nil
  ) async throws(BrowserError) -> JSONValue {
    let answer = try await send(
      "Runtime.evaluate",
      [
        "expression": .string(expression), "awaitPromise": true, "returnByValue": true,
        "userGesture": true,
      ], limit: limit)
    if let details = answer["exceptionDetails"] {
      throw .scriptFailed(PageRecord.describe(exception: details))
    }
    return answer["result"]?["value"] ?? .null
  }

  /// Waits until an expression is true in the page, also across navigations.
  ///
  /// - Parameter interval: between two looks; only a look tells, as a page does not announce what an expression depends on.
  package func wait(
    until expression: String, limit: Duration = .seconds(60),
    interval: Duration = .milliseconds(25)
  ) async throws(BrowserError) {
    try await withDeadline(limit, "waiting until \(expression)") {
      while true {
        do throws(BrowserError) {
          if try await self.evaluate("Boolean(\(expression))").boolValue == true {
            return .success(())
          }
        } catch {
          // While a new document replaces the old one there is no context to evaluate in.
          guard case .refused = error else { return .failure(error) }
        }
        do {
          try await Task.sleep(for: interval)
        } catch {
          return .failure(.cancelled)
        }
      }
    }
  }
}
