import AsyncHTTPClient
import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore
import NIOHTTP1

/// Reads a server's stream of signals, and opens it again whenever it ends. While there is none, the worker looks by itself now and then.
struct SignalFollower: Sendable {
  let caller: RemoteCaller
  let ticks: SignalTicks
  let logger: Logger

  private static let longestPauseSeconds = 5.0
  private static let maxLineBytes = 4096

  /// Follows until the task is cancelled.
  func run(worker: String) async {
    var pause = 0.2
    while !Task.isCancelled {
      do {
        try await follow(worker) { pause = 0.2 }
      } catch {
        logger.debug("the stream of signals ended", metadata: ["error": "\(error)"])
      }
      // Cancelling ends the pause and the loop. With jitter, so that a server that comes back is not met by all workers at once.
      try? await Task.sleep(for: .seconds(pause * Double.random(in: 0.5...1)))
      pause = min(Self.longestPauseSeconds, pause * 2)
    }
  }

  private func follow(_ worker: String, _ isOpen: () -> Void) async throws {
    let request = caller.request(.GET, "/api/v1/workers/\(worker)/signals")
    let response = try await caller.client.execute(request, timeout: .seconds(10))
    guard response.status == .ok else {
      throw StoreError.unavailable("it answered \(response.status.code)")
    }
    isOpen()
    // Something may have happened while nobody listened.
    ticks.tickAll()
    var line = ByteBuffer()
    for try await var part in response.body {
      line.writeBuffer(&part)
      while let end = line.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
        let length = end - line.readerIndex + 1
        guard let bytes = line.readSlice(length: length) else { break }
        heard(bytes)
      }
      line.discardReadBytes()
      guard line.readableBytes < Self.maxLineBytes else {
        throw StoreError.unavailable("its stream of signals is none")
      }
    }
  }

  private func heard(_ line: ByteBuffer) {
    let type = line.withUnsafeReadableBytes { JSONValue(parsing: $0) }?["type"]?.stringValue
    // `alive`, and what a newer server tells beside, only show that the stream is open.
    if let channel = type.flatMap(SignalChannel.init(rawValue:)) { ticks.tick(channel) }
  }
}
