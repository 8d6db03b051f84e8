import HoldfastCore

/// One headless Chromium, driven over the DevTools protocol.
///
/// It lives until ``close()``, until the last reference goes, or until it dies of itself; every wait then ends with
/// ``BrowserError/ended(_:)``. If this process dies, the pipe closes and the browser ends by itself.
package final class Browser: Sendable {
  private let connection: DevToolsConnection
  private let options: BrowserOptions
  /// `Chrome/156.0.8078.79`, as the browser names itself.
  package let version: String

  package var processID: Int32 { connection.process.processID }
  /// The folder that holds its profile; gone once the browser has ended.
  package var folder: String { connection.process.folder }

  /// Starts a browser and waits until it answers.
  package init(_ options: BrowserOptions = BrowserOptions()) async throws(BrowserError) {
    let connection = try DevToolsConnection(ChromiumProcess.start(options))
    self.connection = connection
    self.options = options
    do throws(BrowserError) {
      let answer = try await connection.send(
        "Browser.getVersion", [:], session: nil, limit: options.startLimit)
      version = answer["product"]?.stringValue ?? "unknown"
    } catch {
      connection.terminate()
      await connection.waitForEnd()
      throw .cannotStart(error.description)
    }
  }

  deinit { connection.terminate() }

  /// Opens an empty page in a context of its own: cookies, storage and cache are shared with no other page, and go with it.
  package func newPage() async throws(BrowserError) -> BrowserPage {
    let context = try await text(
      "browserContextId", of: "Target.createBrowserContext", ["disposeOnDetach": true])
    let target = try await text(
      "targetId", of: "Target.createTarget",
      ["url": "about:blank", "browserContextId": .string(context)])
    let session = try await text(
      "sessionId", of: "Target.attachToTarget", ["targetId": .string(target), "flatten": true])
    let page = BrowserPage(
      connection: connection, session: session, target: target, context: context,
      commandLimit: options.commandLimit)
    try await page.enable()
    return page
  }

  /// Asks the browser to end, ends it if it does not within 5 s, and returns when it is gone.
  package func close() async {
    do {
      _ = try await connection.send("Browser.close", [:], session: nil, limit: .seconds(5))
    } catch {
      // It did not answer, or died while it did: either way it is ended now.
      connection.terminate()
    }
    do throws(BrowserError) {
      try await withDeadline(.seconds(5), "closing the browser") { [connection] in
        await withTaskCancellationHandler {
          await connection.waitForEnd()
          return .success(())
        } onCancel: {
          connection.terminate()
        }
      }
    } catch {
      await connection.waitForEnd()
    }
  }

  private func text(
    _ member: String, of method: String, _ params: JSONValue
  ) async throws(BrowserError) -> String {
    let answer = try await connection.send(
      method, params, session: nil, limit: options.commandLimit)
    guard let text = answer[member]?.stringValue else { throw .unexpectedAnswer(method: method) }
    return text
  }
}
