import HoldfastCore
import Testing

/// What programs draw, as it was written by them.
@Suite struct OutputProgressTests {
  typealias Reading = OutputProgress.Reading

  static let drawn: [(String, String, Reading?)] = [
    (
      "wget's bar",
      "\rbig                  45%[=======>            ]  12.87M  25.7MB/s    eta 1s    ",
      Reading(done: 45, total: 100, unit: "percent")
    ),
    (
      "wget's dots",
      " 28600K .......... .......... .......... .......... ..........  97%  232M 0s\n",
      Reading(done: 97, total: 100, unit: "percent")
    ),
    (
      "curl's meter",
      "\r 45 28.6M   45 12.9M    0     0   774M      0  0:00:08  0:00:03  0:00:05  794M",
      Reading(done: 45, total: 100, unit: "percent")
    ),
    (
      "curl's bar", "\r##############################                                  41.7%",
      Reading(done: 41, total: 100, unit: "percent")
    ),
    (
      "rsync --info=progress2",
      "\r      1,238,099  45%  146.38kB/s    0:00:08 (xfr#5, to-chk=169/396)",
      Reading(done: 45, total: 100, unit: "percent")
    ),
    (
      "tqdm", "\r 45%|████▌     | 45/100 [00:10<00:12,  4.45it/s]",
      Reading(done: 45, total: 100, unit: "steps")
    ),
    (
      "pip", "\r     ━━━━━━━━━━━━━━━━━━━━━━━━ 1.5/3.0 MB 4.2 MB/s eta 0:00:01",
      Reading(done: 50, total: 100, unit: "percent")
    ),
    (
      "ninja", "[3/10] Building CXX object a.o\n", Reading(done: 3, total: 10, unit: "steps")
    ),
    ("cmake", "[ 45%] Building C object a.o\n", Reading(done: 45, total: 100, unit: "percent")),
    (
      "pytest", "tests/test_a.py ..........F....                  [ 62%]\n",
      Reading(done: 62, total: 100, unit: "percent")
    ),
    (
      "ffmpeg",
      """
        Duration: 00:01:00.00, start: 0.000000, bitrate: 1200 kb/s
      frame=  123 fps= 25 q=28.0 size=     256kB time=00:00:15.20 bitrate= 426.2kbits/s speed=1.02x    \r
      """, Reading(done: 15, total: 60, unit: "seconds")
    ),
    (
      "a terminal's progress", "\u{1b}]9;4;1;37\u{07}",
      Reading(done: 37, total: 100, unit: "percent")
    ),
    (
      "the same, ended otherwise", "\u{1b}]9;4;4;37\u{1b}\\",
      Reading(done: 37, total: 100, unit: "percent")
    ),
    ("in words", "Processing file 7 of 12: a.txt\n", Reading(done: 7, total: 12, unit: "steps")),
    (
      "colours", "\r\u{1b}[32m[##########]\u{1b}[0m 80%",
      Reading(
        done: 80, total: 100, unit: "percent")
    ),
    // What is no progress.
    ("a log line", "disk /dev/sda1 is 93% full\n", nil),
    ("a date", "on 11/21/2026 at 3/4\n", nil),
    ("a path", "reading 1/2/3 and v1.2/3\n", nil),
    ("a test's result", "12/10 is more than all\r", nil),
    ("above all", "\r 145%", nil),
    ("nothing", "hello\nworld\n", nil),
    ("cleared", "\u{1b}]9;4;0;0\u{07}", nil),
  ]

  @Test(arguments: drawn)
  func whatIsDrawnIsRead(name: String, text: String, expected: Reading?) {
    var progress = OutputProgress()
    #expect(progress.read(Array(text.utf8)) == expected, "\(name)")
  }

  @Test(arguments: drawn.filter { $0.2 != nil })
  func whereverItIsCutItComesToTheSame(name: String, text: String, expected: Reading?) {
    let bytes = Array((text + (text.hasSuffix("\n") ? "" : "\r")).utf8)
    for cut in 0...bytes.count {
      var progress = OutputProgress()
      let first = progress.read(Array(bytes[..<cut]))
      let last = progress.read(Array(bytes[cut...]))
      #expect((last ?? first) == expected, "\(name), cut at \(cut)")
    }
  }

  @Test func theNewestCounts() {
    var progress = OutputProgress()
    #expect(progress.read(Array("\r 10%\r 20%\r 30%".utf8))?.done == 30)
    #expect(progress.read(Array("\r 40%".utf8))?.done == 40)
  }

  @Test func bytesThatAreNoTextHarmNothing() {
    var progress = OutputProgress()
    #expect(
      progress.read([0xFF, 0xFE, 0x0D, 0x00, 0x39] + Array(repeating: 0x31, count: 9000)) == nil)
    #expect(progress.read(Array("\r 5%\r".utf8))?.done == 5)
  }

  @Test func linesAreSafeToShow() {
    let bytes = Array("one\n\u{1b}[31mred\u{1b}[0m \u{07}bell\rover\n\u{1b}]0;title\u{07}\n".utf8)
    #expect(OutputText.lastLines(of: bytes) == ["one", "over"])
    #expect(OutputText.lastLines(of: [0xFF, 0x41, 0x0A]) == ["\u{FFFD}A"])
    #expect(OutputText.lastLines(of: Array("a\nb\nc\n".utf8), most: 2) == ["b", "c"])
  }
}
