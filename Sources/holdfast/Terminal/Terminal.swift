import Glibc

/// What is known of one output stream: whether a person looks at it, how wide it is, and whether
/// colours are welcome.
struct Terminal: Sendable {
  var descriptor: Int32
  var isInteractive: Bool
  var usesColour: Bool
  private var fixedColumns: Int?

  /// - Parameters:
  ///   - columns: the value of `COLUMNS`, if it is a number.
  ///   - noColour: whether `NO_COLOR` is set to anything but nothing (no-color.org), or `TERM` is
  ///     `dumb`.
  init(descriptor: Int32, isInteractive: Bool, columns: Int?, noColour: Bool) {
    self.descriptor = descriptor
    self.isInteractive = isInteractive
    usesColour = isInteractive && !noColour
    fixedColumns = columns
  }

  init(descriptor: Int32, environment: [String: String]) {
    let columns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    self.init(
      descriptor: descriptor, isInteractive: isatty(descriptor) == 1, columns: columns,
      noColour: !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb")
  }

  /// The width to fit, asked anew each time because windows change; `nil` where nothing has to fit.
  var columns: Int? {
    if isInteractive {
      var size = winsize()
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
        return Int(size.ws_col)
      }
      return fixedColumns ?? 80
    }
    return fixedColumns
  }

  func style(_ text: String, _ style: Style) -> String {
    usesColour ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Writes all of `text`. An output that is closed or full is no error of the command, but there
  /// is no sense in going on with a long list then.
  ///
  /// - Returns: whether all of it was written.
  @discardableResult
  func write(_ text: String) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        return false
      }
      bytes = bytes.dropFirst(written)
    }
    return true
  }

  enum Style: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case cyan = "36"
  }
}
