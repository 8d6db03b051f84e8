import Foundation
import Glibc
import HoldfastCore
import HoldfastTestKit
import Testing

/// Why a command hung is found out before it is ended, since what there is to find out dies with it.
@Suite(.timeLimit(.minutes(5))) struct RunDiagnosisTests {
  private static let asksNobody = """
    import socket
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    print("asking", server.getsockname()[1], flush=True)
    client.recv(1)
    """

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func aHangOnTheNetworkIsNamedWithItsPeer() async throws {
    let bench = try RunBench()
    let ended = try await bench.run(
      ["--stall", "3s"], ["/usr/bin/python3", "-c", Self.asksNobody])
    #expect(ended.status == 124)
    let port = try #require(ended.output.split(separator: " ").last).trimmingCharacters(
      in: .whitespacesAndNewlines)
    #expect(ended.log.contains("found: Waiting on the network"), "\(ended.log)")
    #expect(ended.log.contains("127.0.0.1:\(port)"), "\(ended.log)")
    #expect(ended.log.contains("`holdfast why 1` tells more"), "\(ended.log)")
    let scan = try await bench.scan()
    #expect(scan.summary["found"]?.stringValue?.contains("127.0.0.1:\(port)") == true)
    let why = try await bench.why(1)
    #expect(why["diagnosis"]?["class"] == "waiting_on_network")
    #expect(why["diagnosis"]?["peer"]?.stringValue == "127.0.0.1:\(port)")
    #expect(
      why["diagnosis"]?["evidence"]?["log_lines"]?.arrayValue?.contains(
        .string("asking \(port)")) == true, "\(why)")
  }

  @Test func aCommandThatWasStoppedIsToldFromOneThatSleeps() async throws {
    let bench = try RunBench()
    let stopped = try await bench.run(["--no-output", "3s"], script: "kill -STOP $$; echo never")
    #expect(stopped.status == 124)
    #expect(try await bench.why(1)["diagnosis"]?["class"] == "stopped")
    let spins = try await bench.run(["--timeout", "1s"], script: "while :; do :; done")
    #expect(spins.status == 124)
    // On a machine that is busy it may get too little time to be seen spinning.
    let found = try await bench.why(2)["diagnosis"]?["class"]?.stringValue
    #expect(["spinning", "unknown"].contains(found))
    #expect(spins.log.contains("the command had its time"), "\(spins.log)")
    #expect(spins.log.contains("found: "), "\(spins.log)")
    // The runner waits for its output meanwhile, which says nothing.
    let sleeps = try await bench.run(["--timeout", "1s"], ["sleep", "1000"])
    #expect(sleeps.status == 124)
    #expect(sleeps.log.contains("found: Unknown: sleep ("), "\(sleeps.log)")
  }
}
