import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

/// The real binary on a pseudo-terminal.
@Suite struct PseudoTerminalTests {
  private func start(_ stage: Stage, environment: [String: String] = [:]) throws -> PseudoTerminal {
    try stage.writeEndlessFile("physics/optics/film.mp4")
    return try PseudoTerminal(
      ["scan", "library", stage.library, "--hash", "--data-dir", stage.data],
      environment: environment)
  }

  @Test func drawsOneLineAndTheResult() async throws {
    let stage = try Stage()
    let terminal = try PseudoTerminal(
      ["scan", "library", stage.library, "--data-dir", stage.data], columns: 60)
    #expect(try await terminal.waitForEnd() == 0)
    let output = terminal.output
    #expect(output.contains("\r\u{1b}[2K#1 "), "\(output.debugDescription)")
    #expect(output.contains("\u{1b}[32mScan 1 completed"), "\(output.debugDescription)")
    for line in output.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }) {
      #expect(!line.hasPrefix("\u{1b}[2K#") || line.count <= 60 + 4)
    }
  }

  @Test func coloursCanBeDeclined() async throws {
    let stage = try Stage()
    let terminal = try PseudoTerminal(
      ["scan", "library", stage.library, "--data-dir", stage.data],
      environment: ["NO_COLOR": "1"])
    #expect(try await terminal.waitForEnd() == 0)
    #expect(terminal.output.contains("Scan 1 completed"))
    #expect(!terminal.output.contains("\u{1b}[32m"))
  }

  @Test func ctrlCAsksAndCancels() async throws {
    let stage = try Stage()
    let terminal = try start(stage)
    try await terminal.expect("#1 running")
    try terminal.type("\u{3}")
    try await terminal.expect("Scan 1: [c]ancel it, [l]eave it for later")
    try terminal.type("c")
    #expect(try await terminal.waitForEnd() == 3)
    #expect(terminal.output.contains("Scan 1 was cancelled"))
    #expect(try await stage.scan(1).status == .cancelled)
  }

  @Test func ctrlCAsksAndLeaves() async throws {
    let stage = try Stage()
    let terminal = try start(stage)
    try await terminal.expect("#1 running")
    try terminal.type("\u{3}")
    try await terminal.expect("[l]eave it for later")
    try terminal.type("l")
    #expect(try await terminal.waitForEnd() == 75)
    #expect(terminal.output.contains("`holdfast follow 1`"))
    #expect(try await stage.scan(1).status == .pending)
  }

  @Test func ctrlCAsksAndGoesOn() async throws {
    let stage = try Stage()
    let terminal = try start(stage)
    try await terminal.expect("#1 running")
    try terminal.type("\u{3}")
    try await terminal.expect("any other key to go on?")
    let before = terminal.output.utf8.count
    try terminal.type("x")
    _ = try await eventually("the bar to be drawn again") {
      terminal.output.utf8.dropFirst(before).count > 20 ? true : nil
    }
    try terminal.type("\u{3}")
    _ = try await eventually("the question again") {
      terminal.output.ranges(of: "any other key to go on?").count == 2 ? true : nil
    }
    // The second Ctrl-C in a row leaves.
    try terminal.type("\u{3}")
    #expect(try await terminal.waitForEnd() == 75)
  }

  @Test func withAWorkerElsewhereItGoesOn() async throws {
    let stage = try Stage()
    let worker = try stage.start("worker", "--slots", "1")
    _ = try await eventually("the worker to be there") {
      worker.log.contains("STARTUP CLEANUP") ? true : nil
    }
    let terminal = try start(stage)
    try await terminal.expect("#1 running")
    try terminal.type("\u{3}")
    try await terminal.expect("[l]eave it running")
    try terminal.type("l")
    #expect(try await terminal.waitForEnd() == 75)
    #expect(terminal.output.contains("Scan 1 goes on"))
    #expect(try await stage.scan(1).status == .running)
    #expect(try await stage.run("cancel", "1").status == 0)
    _ = try await stage.wait(for: 1, toBe: .cancelled)
  }
}
