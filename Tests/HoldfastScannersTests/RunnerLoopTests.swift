import Foundation
import HoldfastCore
import HoldfastScanners
import Testing

/// The conversation of a runner with its worker, apart from what is scanned.
@Suite struct RunnerLoopTests {
  /// Waits for a request to stop.
  private struct Patient: HoldfastScanners.Scanner {
    let kind = "patient"
    func run(_ session: ScanSession) throws(SessionClosed) -> RunnerMessage.Finish {
      session.send(.log(level: "info", message: session.start.target))
      let isOpen = session.waitForStop()
      if !isOpen { throw SessionClosed() }
      session.checkpoint(["here": true])
      return .init(outcome: .stopped)
    }
  }

  private func start(kind: String = "patient", version: Int = 1) -> WorkerMessage {
    .start(
      .init(
        protocolVersion: version, scanID: ScanID(high: 1, low: 2), number: 1, attempt: 1,
        kind: kind, target: "/somewhere", params: .null, checkpoint: nil, progress: nil,
        baseline: nil))
  }

  private func next(_ connection: RunnerConnection) throws -> RunnerMessage {
    try JSONDecoder().decode(RunnerMessage.self, from: try #require(connection.readLine()))
  }

  @Test func readyThenWorkThenPongsThenStop() throws {
    let connection = RunnerConnection(scanners: [Patient()])
    defer { connection.close() }
    #expect(
      try next(connection)
        == .ready(.init(protocolVersion: 1, processID: getpid(), kinds: ["patient"])))
    connection.send(.ping(number: 1))
    #expect(try next(connection) == .pong(number: 1))
    connection.send(start())
    #expect(try next(connection) == .log(level: "info", message: "/somewhere"))
    connection.send(.ping(number: 2))
    #expect(try next(connection) == .pong(number: 2))
    connection.send(raw: #"{"type":"something new","x":1}"#)
    connection.send(.stop(reason: .pause))
    #expect(try next(connection) == .checkpoint(number: 1, data: ["here": true]))
    #expect(try next(connection) == .finished(.init(outcome: .stopped)))
    #expect(connection.readLine() == nil)
  }

  @Test func refusesWhatItDoesNotSpeak() throws {
    for (message, words) in [
      (start(version: 2), "version 2"), (start(kind: "weather"), "“weather”"),
    ] {
      let connection = RunnerConnection(scanners: [Patient()])
      defer { connection.close() }
      _ = try next(connection)
      connection.send(message)
      guard case .finished(let finish) = try next(connection) else {
        Issue.record("not finished")
        return
      }
      #expect(finish.outcome == .failed)
      #expect(finish.error?.contains(words) == true)
    }
  }

  @Test(arguments: [
    "nonsense", #"{"type":"ping"}"#, String(repeating: " ", count: (4 << 20) + 1000),
  ])
  func endsOverWhatIsNotInTheProtocol(_ line: String) throws {
    let connection = RunnerConnection(scanners: [Patient()])
    defer { connection.close() }
    _ = try next(connection)
    connection.send(start())
    _ = try next(connection)
    connection.send(raw: line)
    guard case .finished(let finish) = try next(connection) else {
      Issue.record("not finished")
      return
    }
    #expect(finish.outcome == .failed)
    #expect(finish.error?.hasPrefix("runner protocol: ") == true)
  }

  @Test func endsWithItsWorker() throws {
    let connection = RunnerConnection(scanners: [Patient()])
    _ = try next(connection)
    connection.send(start())
    _ = try next(connection)
    // Returns once the runner's loop has.
    connection.close()
  }
}
