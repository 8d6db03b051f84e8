package import HoldfastCore

/// Something the browser tells unasked.
package struct BrowserEvent: Sendable, Hashable {
  /// `Page.loadEventFired`, …
  package var method: String
  package var params: JSONValue

  package init(method: String, params: JSONValue) {
    self.method = method
    self.params = params
  }
}

/// One command as it goes to the browser.
struct DevToolsCommand: Encodable {
  var id: Int
  var method: String
  var params: JSONValue
  var sessionId: String?
}

/// One message as it comes from the browser: the answer to the command `id`, or an event.
struct DevToolsMessage: Decodable {
  struct Refusal: Decodable {
    var message: String
    var data: String?
  }

  var id: Int?
  var result: JSONValue?
  var error: Refusal?
  var method: String?
  var params: JSONValue?
  var sessionId: String?
}
