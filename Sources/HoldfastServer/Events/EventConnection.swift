import HoldfastCore
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// The connection of one event stream, written to on its own event loop.
///
/// What comes before ``release(after:)`` waits, and so does what the connection cannot take at the moment; more than so many
/// messages and it is closed, and its client comes back where it was by `Last-Event-ID`.
final class EventConnection: Sendable {
  /// Messages for connections of one event loop, which takes them in one go.
  struct Round: Sendable {
    let eventLoop: any EventLoop
    var letters: [(connection: EventConnection, message: EventHub.Message)] = []

    func go() {
      eventLoop.execute { [letters] in
        for (connection, message) in letters { connection.take(message) }
      }
    }
  }

  private struct State {
    var isHeld = true
    /// The newest event that the client knows.
    var sent: Int64 = 0
    var waiting: [EventHub.Message] = []
    var isOver = false
  }

  let eventLoop: any EventLoop
  private let channel: any Channel
  private let mostWaiting: Int
  private let state: NIOLoopBoundBox<State>
  private let over: EventLoopPromise<Void>

  /// - Parameter mostWaiting: how many messages may wait.
  init(channel: any Channel, mostWaiting: Int) {
    self.channel = channel
    self.mostWaiting = mostWaiting
    eventLoop = channel.eventLoop
    state = .makeBoxSendingValue(State(), eventLoop: channel.eventLoop)
    over = channel.eventLoop.makePromise(of: Void.self)
    // Also where it closes before anybody waits for its end.
    channel.closeFuture.whenComplete { [over] _ in over.succeed() }
  }

  /// Calls `action` once the client has gone, has been dropped or the stream has been ended.
  func whenOver(_ action: @escaping @Sendable () -> Void) {
    over.futureResult.whenComplete { _ in action() }
  }

  /// Sends what has waited, and from now on everything at once.
  ///
  /// - Parameter sent: the newest event that the client has been sent already.
  func release(after sent: Int64) {
    eventLoop.execute { [self] in
      state.value.isHeld = false
      state.value.sent = sent
      flush()
    }
  }

  /// Waits until the client has gone, the stream has been ended or the task is cancelled.
  func ended() async throws {
    let watch = EventConnectionWatch(connection: self)
    try await channel.pipeline.addHandler(watch, position: .first).get()
    defer { channel.pipeline.removeHandler(watch, promise: nil) }
    // What became possible before the watch was there.
    eventLoop.execute { [self] in flush() }
    try await withTaskCancellationHandler {
      try await over.futureResult.get()
    } onCancel: {
      end()
    }
  }

  func end() {
    eventLoop.execute { [self] in finish() }
  }

  /// On the event loop.
  private func finish() {
    state.value.isOver = true
    state.value.waiting = []
    over.succeed()
  }

  /// On the event loop: writes the message, or keeps it.
  private func take(_ message: EventHub.Message) {
    guard !state.value.isOver else { return }
    state.value.waiting.append(message)
    flush()
    guard state.value.waiting.count > mostWaiting else { return }
    // The connection is full: nothing can be told to it any more.
    channel.close(promise: nil)
    finish()
  }

  /// On the event loop: writes as much of what waits as the connection takes. A write can lead back here before it returns, as soon
  /// as the connection takes more again.
  func flush() {
    while !state.value.isHeld, !state.value.waiting.isEmpty, channel.isWritable {
      let message = state.value.waiting.removeFirst()
      guard let buffer = message.buffer(after: &state.value.sent) else { continue }
      channel.writeAndFlush(HTTPResponsePart.body(buffer), promise: nil)
    }
  }
}

/// Notices that a client has gone, or takes bytes again.
final class EventConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  typealias InboundIn = Any

  private let connection: EventConnection

  init(connection: EventConnection) {
    self.connection = connection
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { connection.flush() }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { connection.end() }
    context.fireUserInboundEventTriggered(event)
  }
}
