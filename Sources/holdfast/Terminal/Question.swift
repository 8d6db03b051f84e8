import Glibc

/// Asks the person at the terminal.
enum Question {
  /// Whether somebody is there to answer.
  static var canAsk: Bool { isatty(0) == 1 }

  /// A line of the answer without blanks around it; `nil` at the end of the input.
  static func ask(_ text: String, _ program: Program) -> String? {
    program.output.write(text)
    return readLine()?.trimmingBlanks()
  }

  static func confirms(_ text: String, _ program: Program) -> Bool {
    ["y", "yes"].contains(ask("\(text) [y/N] ", program)?.lowercased())
  }

  /// Whether exactly these words were typed: for what cannot be undone.
  static func confirms(_ text: String, byTyping words: String, _ program: Program) -> Bool {
    ask("\(text)\nType “\(words)” to confirm: ", program) == words
  }
}
