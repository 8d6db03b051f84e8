import Foundation

/// `holdfast run`: what it adds to a command that does nothing, and to one that prints 5,000,000 lines.
struct RunBenchmark {
  let binary: String
  let runs: Int
  let folder: BenchFolder

  private static let lines = 5_000_000
  private static let starts = 20

  /// Programs that print so many lines: as fast as a pipe takes them, and as programs do that make each line themselves.
  private static let printers = [
    ("seq", "seq \(lines)"),
    (
      "Python",
      "python3 -c 'for n in range(\(lines)): print(n, \"a line as programs write them\")'"
    ),
  ]

  /// Wrappers that do a part of the same: those that are installed are measured.
  private var wrappers: [(String, String)] {
    [
      ("timeout", "timeout 60 true"), ("setsid", "setsid -w true"),
      ("chronic", "chronic true"),
      // It replaces the file that it writes to: one of its own, never a device.
      ("runstat", "runstat -f '\(folder.path("runstat"))' true"),
    ]
  }

  func run(into table: inout Table) async throws {
    say("holdfast run: \(Self.starts) starts, \(Self.lines) lines")
    let data = try folder.makeFolder("run")
    let holdfast = "\(binary) run --data-dir \(data)"
    try await shell("\(holdfast) -- true")
    try await start(holdfast, into: &table)
    for (name, command) in Self.printers {
      try await print(name, command, holdfast, into: &table)
    }
  }

  private func start(_ holdfast: String, into table: inout Table) async throws {
    let bare = try await milliseconds("true")
    let own = try await milliseconds("\(holdfast) -- true")
    table.add(
      Row(
        "holdfast run -- true", own, "ms", .lowerIsBetter, reference: ("true", bare)))
    for (name, command) in wrappers {
      guard try await isThere(name) else { continue }
      table.add(
        Row(
          "holdfast run -- true, beside \(name)", own, "ms", .lowerIsBetter,
          reference: (name, try await milliseconds(command))))
    }
  }

  /// One after the other in turns, so that the machine's moods meet both.
  private func print(
    _ name: String, _ command: String, _ holdfast: String, into table: inout Table
  ) async throws {
    var (own, bare): ([Double], [Double]) = ([], [])
    for _ in 0..<max(3, runs) {
      bare.append(try await shell("\(command) | cat > /dev/null"))
      own.append(try await shell("\(holdfast) -- \(command) > /dev/null"))
    }
    table.add(
      Row(
        "5,000,000 lines of \(name)", own.median, "s", target: bare.median * 1.1, .lowerIsBetter,
        reference: ("| cat", bare.median)))
    let start = table.value(of: "holdfast run -- true") ?? 0
    table.add(
      Row(
        "5,000,000 lines of \(name), without the start", own.median - start / 1000, "s",
        target: bare.median * 1.1, .lowerIsBetter, reference: ("| cat", bare.median)))
  }

  private func milliseconds(_ command: String) async throws -> Double {
    var times: [Double] = []
    for _ in 0..<Self.starts { times.append(try await shell(command) * 1000) }
    return times.median
  }

  @discardableResult
  private func shell(_ command: String) async throws -> Double {
    try await holdfast_bench.run("sh", ["-c", command]).seconds
  }

  private func isThere(_ program: String) async throws -> Bool {
    try await !holdfast_bench.run(
      "sh", ["-c", "command -v \(program)"], accepting: [0, 1, 127]
    ).output.isEmpty
  }
}
