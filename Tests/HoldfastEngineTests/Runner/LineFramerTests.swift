import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastEngine

@Suite struct LineFramerTests {
  /// All lines that come of these pieces, as text; a line that is too long as `nil`.
  func lines(_ pieces: [String], max: Int = 20) -> [String?] {
    var framer = LineFramer(maxLineBytes: max)
    var lines: [String?] = []
    for piece in pieces {
      framer.append(ByteBuffer(string: piece))
      while let line = framer.next() {
        guard case .line(let bytes) = line else { return lines + [nil] }
        lines.append(String(buffer: bytes))
      }
    }
    return lines
  }

  @Test func cutsAtNewlinesWhereverThePiecesEnd() {
    let text = "one\ntwo\n\nfour\n"
    for cut in 0...text.count {
      #expect(
        lines([String(text.prefix(cut)), String(text.dropFirst(cut))]) == [
          "one", "two", "", "four",
        ])
    }
    #expect(lines(text.map(String.init)) == ["one", "two", "", "four"])
  }

  @Test func keepsWhatHasNoNewline() {
    var framer = LineFramer(maxLineBytes: 20)
    framer.append(ByteBuffer(string: "a\nrest"))
    #expect(framer.next() == .line(ByteBuffer(string: "a")))
    #expect(framer.next() == nil)
    #expect(String(buffer: framer.remainder) == "rest")
  }

  @Test func refusesALineThatIsTooLongBeforeItsEndComes() {
    #expect(
      lines([String(repeating: "x", count: 20) + "\n"]) == [String(repeating: "x", count: 20)])
    #expect(lines([String(repeating: "x", count: 21)]) == [nil])
    #expect(lines([String(repeating: "x", count: 21) + "\n"]) == [nil])
  }
}

@Suite struct OutputTailTests {
  @Test func keepsTheLastLinesOfAFlood() {
    var tail = OutputTail(maxLines: 3, maxLineBytes: 5)
    for number in 1...1000 { tail.append(line: "line \(number)") }
    #expect(tail.text == ["line ", "line ", "line "])
    tail.append("half".utf8)
    #expect(tail.text == ["line ", "line ", "half"])
  }

  @Test func isSafeToPrint() {
    var tail = OutputTail()
    tail.append([0x1B, 0x5B, 0x41, 0xFF, 0x0A])
    #expect(tail.text == ["\u{FFFD}[A\u{FFFD}"])
  }
}

@Suite struct StopLadderTests {
  @Test func everyLadderEndsInAKill() {
    let patience = Patience()
    let ladders: [StopLadder] = [
      .asking(.cancel, patience), .within(seconds: 3, asking: .superseded),
      .terminating(patience), StopLadder([]),
    ]
    for ladder in ladders { #expect(ladder.steps.last == .kill) }
  }
}
