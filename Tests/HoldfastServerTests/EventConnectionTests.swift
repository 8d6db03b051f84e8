import HoldfastCore
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Synchronization
import Testing

@testable import HoldfastServer

/// A stream's connection, without a network.
@Suite(.timeLimit(.minutes(1))) struct EventConnectionTests {
  private static let scan = ScanID(high: 1, low: 1)

  private static func events(_ ids: ClosedRange<Int64>) -> EventHub.Message {
    .events(
      EventHub.Batch(
        ids.map {
          EventHub.Framed(
            scan: scan, tenant: "default", id: $0, frame: ByteBuffer(string: "<\($0)>"))
        }))
  }

  private static func hand(_ messages: [EventHub.Message], to connection: EventConnection) {
    EventConnection.Round(
      eventLoop: connection.eventLoop, letters: messages.map { (connection, $0) }
    ).go()
  }

  /// All that has been written so far, once everything handed to the event loop is done.
  private static func written(_ channel: NIOAsyncTestingChannel) async throws -> String {
    await channel.testingEventLoop.run()
    var text = ""
    while case .body(let buffer)? = try await channel.readOutbound(as: HTTPResponsePart.self) {
      text += String(buffer: buffer)
    }
    return text
  }

  private static func isWatched(_ channel: NIOAsyncTestingChannel) async -> Bool {
    do {
      try await channel.pipeline.containsHandler(type: EventConnectionWatch.self).get()
      return true
    } catch {
      return false
    }
  }

  @Test func whatComesDuringTheCatchUpFollowsItAndNothingComesTwice() async throws {
    let channel = NIOAsyncTestingChannel()
    let connection = EventConnection(channel: channel, mostWaiting: 8)
    Self.hand([Self.events(1...3), Self.events(4...6), .heartbeat], to: connection)
    #expect(try await Self.written(channel) == "")
    connection.release(after: 4)
    #expect(try await Self.written(channel) == "<5><6>: heartbeat\n\n")
    Self.hand([Self.events(6...7), Self.events(8...8)], to: connection)
    #expect(try await Self.written(channel) == "<7><8>")
  }

  @Test func whatTheConnectionCannotTakeWaits() async throws {
    let channel = NIOAsyncTestingChannel()
    let connection = EventConnection(channel: channel, mostWaiting: 2)
    let ended = Task { try await connection.ended() }
    connection.release(after: 0)
    channel.isWritable = false
    Self.hand([Self.events(1...1), Self.events(2...2)], to: connection)
    #expect(try await Self.written(channel) == "")
    channel.isWritable = true
    // The watch is there as soon as somebody waits for the end.
    while await !Self.isWatched(channel) { await Task.yield() }
    try await channel.testingEventLoop.executeInContext {
      channel.pipeline.syncOperations.fireChannelWritabilityChanged()
    }
    #expect(try await Self.written(channel) == "<1><2>")
    connection.end()
    await channel.testingEventLoop.run()
    try await ended.value
  }

  @Test func whoDoesNotKeepUpIsCutOff() async throws {
    let channel = NIOAsyncTestingChannel()
    let connection = EventConnection(channel: channel, mostWaiting: 2)
    let isOver = Mutex(false)
    connection.whenOver { isOver.withLock { $0 = true } }
    connection.release(after: 0)
    channel.isWritable = false
    Self.hand([Self.events(1...1), Self.events(2...2)], to: connection)
    await channel.testingEventLoop.run()
    #expect(!isOver.withLock { $0 })
    Self.hand([Self.events(3...3)], to: connection)
    #expect(try await Self.written(channel) == "")
    #expect(isOver.withLock { $0 })
    try await channel.closeFuture.get()
  }

  @Test func aClientThatHasGoneEndsIt() async throws {
    let channel = NIOAsyncTestingChannel()
    let connection = EventConnection(channel: channel, mostWaiting: 2)
    let isOver = Mutex(false)
    connection.whenOver { isOver.withLock { $0 = true } }
    try await channel.close()
    await channel.testingEventLoop.run()
    #expect(isOver.withLock { $0 })
  }
}
