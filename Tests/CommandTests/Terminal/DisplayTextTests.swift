import Testing

@testable import holdfast

@Suite struct DisplayTextTests {
  @Test(arguments: [
    ("", 0), ("plain", 5), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("한국", 4), ("😀", 2),
    ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("☃", 1), ("☃\u{FE0F}", 2), ("ａ", 2), ("ﾊ", 1), ("\u{200B}", 0),
    ("a\u{0}b", 2),
  ])
  func width(text: String, columns: Int) {
    #expect(DisplayText.width(of: text) == columns)
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\nb", "a\\nb"), ("\u{1b}[31mred", "\\x1b[31mred"), ("\t", "\\t"),
    ("\u{7}", "\\x07"), ("\u{9b}2J", "\\x9b2J"), ("\u{7f}", "\\x7f"),
    ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"), ("\u{feff}x", "\\u{feff}x"), ("漢 é", "漢 é"),
    ("👩‍👧", "👩‍👧"), ("\r\n", "\\r\\n"), ("\u{2028}", "\\u{2028}"), ("\u{e0041}", "\\u{e0041}"),
  ])
  func escapes(text: String, expected: String) {
    #expect(DisplayText.escaped(text) == expected)
  }

  @Test func nothingThatDrivesATerminalIsLeft() {
    for value in UInt32(0)..<0x300 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let escaped = DisplayText.escaped(String(scalar))
      #expect(escaped.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0 ~= $0.value) })
    }
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""),
    ("漢字漢字", 5, "漢字…"), ("漢字漢字", 4, "漢…"),
  ])
  func cutsTheEnd(text: String, columns: Int, expected: String) {
    let cut = DisplayText.truncated(text, to: columns)
    #expect(cut == expected)
    #expect(DisplayText.width(of: cut) <= columns)
  }

  @Test func cutsTheStart() {
    #expect(DisplayText.truncated("/a/b/c/file", to: 6, keeping: .end) == "…/file")
  }
}

@Suite struct QuantityTests {
  @Test(
    arguments: [
      (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
    ] as [(Int64, String)])
  func groups(number: Int64, text: String) {
    #expect(Quantity.grouped(number) == text)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5_368_709_120, "5.0 GiB"),
    ] as [(Int64, String)])
  func sizes(count: Int64, text: String) {
    #expect(Quantity.bytes(count) == text)
  }

  @Test(
    arguments: [
      (-1, "0.0 s"), (0.25, "0.3 s"), (9.9, "9.9 s"), (10, "0:10"), (245, "4:05"),
      (3723, "1:02:03"), (183_845, "2 d 3:04:05"), (1e300, "ages"), (.infinity, "ages"),
    ] as [(Double, String)])
  func durations(seconds: Double, text: String) {
    #expect(Quantity.duration(seconds: seconds) == text)
  }
}

@Suite struct TableTests {
  private func terminal(_ columns: Int?) -> Terminal {
    Terminal(descriptor: -1, isInteractive: false, columns: columns, noColour: true)
  }

  private let columns = [
    Table.Column("N", right: true), Table.Column("PATH", minimum: 8, keeping: .end),
    Table.Column("TEXT", minimum: 6),
  ]

  @Test func fitsTheTerminal() {
    var table = Table(columns, terminal: terminal(30))
    let rows: [[Table.Cell]] = [
      [
        Table.Cell("1"), Table.Cell("/a/very/long/path/to/a/file"),
        Table.Cell("a long explanation"),
      ],
      [Table.Cell("12"), Table.Cell("漢字漢字漢字漢字"), Table.Cell("短い")],
    ]
    let lines = table.lines(for: rows)
    #expect(lines.count == 3)
    for line in lines { #expect(DisplayText.width(of: line) <= 30, "\(line)") }
    #expect(lines[1].contains("/file"))
    #expect(lines[1].hasPrefix(" 1  "))
  }

  @Test func cutsNothingWhereNothingHasToFit() {
    var table = Table(columns, terminal: terminal(nil))
    let lines = table.lines(for: [[Table.Cell("1"), Table.Cell("p"), Table.Cell("t")]])
    #expect(lines == ["N  PATH  TEXT", "1  p     t"])
  }

  @Test func becomesBlocksOnATerminalTooNarrowForItsColumns() {
    var table = Table(columns, terminal: terminal(12))
    let lines = table.lines(for: [
      [Table.Cell("1"), Table.Cell("abcdefghij"), Table.Cell("xyz")],
      [Table.Cell("2"), Table.Cell("kl"), Table.Cell("")],
    ])
    #expect(lines == ["N     1", "PATH  …fghij", "TEXT  xyz", "", "N     2", "PATH  kl"])
    #expect(
      table.lines(for: [[Table.Cell("3"), Table.Cell("m"), Table.Cell("n")]])
        == ["", "N     3", "PATH  m", "TEXT  n"])
  }

  @Test(arguments: [20, 30, 40, 60, 80])
  func theListOfScansFits(_ width: Int) {
    var table = Table(ScanView.columns, terminal: terminal(width))
    let row = [
      "1234", "completed", "library", "/srv/a/long/path/to/some/library", "100 %",
      "+1,234 ~5 -6 →7", "12", "2026-08-23 06:45:00", "1:02:03",
    ]
    for line in table.lines(for: [row.map { Table.Cell($0) }]) {
      #expect(DisplayText.width(of: line) <= width, "\(line)")
    }
  }

  @Test func headingsComeOnce() {
    var table = Table(columns, terminal: terminal(nil))
    _ = table.lines(for: [])
    #expect(table.lines(for: []).isEmpty)
  }

  @Test func dataCannotDriveTheTerminal() {
    var table = Table(columns, terminal: terminal(80))
    let lines = table.lines(for: [
      [Table.Cell("1"), Table.Cell("a\u{1b}[2Jb"), Table.Cell("x\ny")]
    ])
    #expect(!lines.joined().contains("\u{1b}"))
    #expect(lines.count == 2)
  }
}

@Suite struct TerminalTests {
  @Test func coloursOnlyWhereWelcome() {
    func colours(interactive: Bool, noColour: Bool) -> Bool {
      Terminal(descriptor: -1, isInteractive: interactive, columns: nil, noColour: noColour)
        .usesColour
    }
    #expect(colours(interactive: true, noColour: false))
    #expect(!colours(interactive: true, noColour: true))
    #expect(!colours(interactive: false, noColour: false))
  }

  @Test(
    arguments: [
      (["COLUMNS": "100"], 100), (["COLUMNS": "0"], nil), (["COLUMNS": "x"], nil), ([:], nil),
    ] as [([String: String], Int?)])
  func widthOutsideATerminal(environment: [String: String], columns: Int?) {
    // No descriptor has this number: it is no terminal.
    #expect(Terminal(descriptor: 9999, environment: environment).columns == columns)
  }
}
