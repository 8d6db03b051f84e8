import HoldfastCore

/// A key that does more than write its own character.
package enum BrowserKey: String, Sendable, CaseIterable {
  case tab = "Tab"
  case enter = "Enter"
  case space = " "
  case escape = "Escape"
  case backspace = "Backspace"
  case home = "Home"
  case end = "End"
  case arrowLeft = "ArrowLeft"
  case arrowUp = "ArrowUp"
  case arrowRight = "ArrowRight"
  case arrowDown = "ArrowDown"

  var code: String { self == .space ? "Space" : rawValue }

  /// The virtual key code that pages still read as `keyCode`.
  var keyCode: Int64 {
    switch self {
    case .backspace: 8
    case .tab: 9
    case .enter: 13
    case .escape: 27
    case .space: 32
    case .end: 35
    case .home: 36
    case .arrowLeft: 37
    case .arrowUp: 38
    case .arrowRight: 39
    case .arrowDown: 40
    }
  }

  /// What the key writes; without it Enter and Space would not press a button.
  var text: String? {
    switch self {
    case .enter: "\r"
    case .space: " "
    default: nil
    }
  }
}

extension BrowserPage {
  /// Presses and releases a key in what has the focus.
  package func press(_ key: BrowserKey, shift: Bool = false) async throws(BrowserError) {
    var event: [String: JSONValue] = [
      "key": .string(key.rawValue), "code": .string(key.code),
      "windowsVirtualKeyCode": .int(key.keyCode), "modifiers": shift ? 8 : 0,
    ]
    event["type"] = key.text == nil ? "rawKeyDown" : "keyDown"
    if let text = key.text { event["text"] = .string(text) }
    try await send("Input.dispatchKeyEvent", .object(event))
    event["type"] = "keyUp"
    event["text"] = nil
    try await send("Input.dispatchKeyEvent", .object(event))
  }

  /// Writes text into what has the focus, as an input method would.
  package func type(_ text: String) async throws(BrowserError) {
    try await send("Input.insertText", ["text": .string(text)])
  }

  /// Scrolls the first element that matches into view and clicks its middle with the left button.
  package func click(_ selector: String) async throws(BrowserError) {
    let place = try await evaluate(
      """
      (() => {
        const element = document.querySelector(\(quoted(selector)));
        if (!element) return null;
        element.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0) return null;
        return {x: box.x + box.width / 2, y: box.y + box.height / 2};
      })()
      """)
    guard let x = place["x"]?.doubleValue, let y = place["y"]?.doubleValue else {
      throw .elementNotFound(selector: selector)
    }
    for type in ["mouseMoved", "mousePressed", "mouseReleased"] {
      try await send(
        "Input.dispatchMouseEvent",
        [
          "type": .string(type), "x": .double(x), "y": .double(y),
          "button": type == "mouseMoved" ? "none" : "left", "clickCount": 1,
        ])
    }
  }

  /// A JavaScript string literal.
  private func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "'": "\\'"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\u{2028}": "\\u2028"
      case "\u{2029}": "\\u2029"
      default: String(scalar)
      }
    }
    return "'\(escaped.joined())'"
  }
}
