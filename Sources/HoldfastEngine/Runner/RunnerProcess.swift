import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A runner as its worker holds it: the process and its three pipes.
///
/// Output comes on demand: after each ``Event/output(_:)`` the holder calls ``readMore()`` once it is ready for more, so a
/// runner that talks faster than the database can write is slowed down by its own pipe.
final class RunnerProcess: Sendable {
  enum Event: Sendable {
    case output(ByteBuffer)
    /// No more output will come.
    case outputEnded
    /// No more will come on its standard error.
    case errorsEnded
    /// The answer to ``askWhetherSilent()``: whether both its outputs are empty.
    case silent(Bool)
    /// It has ended and been reaped; output written before may still follow.
    case exited(RunnerExit)
  }

  let startedAt: ContinuousClock.Instant
  /// Where it leaves its breadcrumbs; `nil` if the file could not be made.
  let breadcrumbs: BreadcrumbFile?
  private let handle: ProcessHandle
  private let input: any Channel
  private let output: any Channel
  private let errors: any Channel
  private let peephole: Peephole
  private let state: Mailbox

  var processID: pid_t { handle.processID }
  /// The last lines it wrote on its standard error.
  var errorTail: [String] { state.errorTail }
  var hasExited: Bool { handle.exit != nil }

  init(
    handle: ProcessHandle, input: any Channel, output: any Channel, errors: any Channel,
    peephole: Peephole, mailbox: Mailbox, breadcrumbs: BreadcrumbFile? = nil
  ) {
    startedAt = .now
    self.breadcrumbs = breadcrumbs
    self.handle = handle
    self.input = input
    self.output = output
    self.errors = errors
    self.peephole = peephole
    state = mailbox
    handle.onExit { mailbox.put(.exited($0)) }
  }

  /// Hands all events to `handler` from now on, those that came before first.
  func attach(_ handler: @escaping @Sendable (Event) -> Void) {
    state.attach(handler)
  }

  /// Waits for its end, in place of whoever was attached.
  func ended() async {
    let (exits, inbox) = AsyncStream<Void>.makeStream()
    attach { if case .exited = $0 { inbox.finish() } }
    if hasExited { inbox.finish() }
    for await _ in exits {}
  }

  func readMore() {
    output.read()
  }

  /// Asks for ``Event/silent(_:)``, which comes after all output that has been read before.
  ///
  /// For a process that has ended: what it wrote is in the pipes, so that silent pipes hold nothing more of it, even if
  /// something that left its group still has them open.
  func askWhetherSilent() {
    let (state, peephole, output) = (state, peephole, output)
    errors.eventLoop.execute {
      let isQuiet = peephole.isErrorsEmpty
      output.eventLoop.execute { state.put(.silent(isQuiet && peephole.isOutputEmpty)) }
    }
  }

  /// Whether the process has ended, even if nobody has been told yet.
  var isEnding: Bool { hasExited || LinuxProcess.isZombie(processID) }

  /// Whether somebody has stopped the process. It would take a scan and not begin.
  var isStopped: Bool { LinuxProcess.isStopped(processID) }

  /// Writes to its standard input. What cannot be written is lost: the end of the process tells why.
  func write(_ bytes: ByteBuffer) {
    input.writeAndFlush(bytes, promise: nil)
  }

  /// Writes and waits until the pipe has taken it; `false` if the pipe is closed.
  func writeAndWait(_ bytes: ByteBuffer) async -> Bool {
    do {
      try await input.writeAndFlush(bytes)
      return true
    } catch {
      return false
    }
  }

  func closeInput() {
    input.close(promise: nil)
  }

  func signalGroup(_ signal: Int32) {
    handle.signalGroup(signal)
  }

  /// Lets go of the pipes; for after its end.
  func closePipes() {
    for channel in [input, output, errors] { channel.close(promise: nil) }
    peephole.close()
  }

  /// Where events wait until somebody is there to take them.
  final class Mailbox: Sendable {
    private struct State {
      var handler: (@Sendable (Event) -> Void)?
      var backlog: [Event] = []
      var tail = OutputTail()
    }

    private let state = Mutex(State())

    var errorTail: [String] { state.withLock { $0.tail.text } }

    func put(_ event: Event) {
      // Called under the lock, so that events keep their order; a handler only passes the event on.
      state.withLock {
        if let handler = $0.handler { handler(event) } else { $0.backlog.append(event) }
      }
    }

    func attach(_ handler: @escaping @Sendable (Event) -> Void) {
      state.withLock {
        $0.handler = handler
        $0.backlog.forEach(handler)
        $0.backlog = []
      }
    }

    func putErrorOutput(_ bytes: ByteBuffer) {
      state.withLock { $0.tail.append(bytes.readableBytesView) }
    }
  }
}

/// Looks whether a runner's pipes hold anything, through descriptors of its own.
final class Peephole: Sendable {
  private let descriptors: Mutex<(output: Int32, errors: Int32)>

  /// Duplicates these descriptors.
  init(output: Int32, errors: Int32) {
    descriptors = Mutex(
      (fcntl(output, F_DUPFD_CLOEXEC, 3), fcntl(errors, F_DUPFD_CLOEXEC, 3)))
  }

  deinit { close() }

  var isOutputEmpty: Bool { descriptors.withLock { Self.isEmpty($0.output) } }
  var isErrorsEmpty: Bool { descriptors.withLock { Self.isEmpty($0.errors) } }

  func close() {
    descriptors.withLock {
      for descriptor in [$0.output, $0.errors] where descriptor >= 0 { Glibc.close(descriptor) }
      $0 = (-1, -1)
    }
  }

  private static func isEmpty(_ descriptor: Int32) -> Bool {
    var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&look, 1, 0) <= 0 || look.revents & Int16(POLLIN) == 0
  }
}

/// Passes what a runner writes on to its mailbox, one read's worth at a time.
final class RunnerOutputHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let mailbox: RunnerProcess.Mailbox
  private var collected: ByteBuffer?

  init(mailbox: RunnerProcess.Mailbox) {
    self.mailbox = mailbox
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    if collected == nil { collected = bytes } else { collected?.writeImmutableBuffer(bytes) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    flush()
    context.fireChannelReadComplete()
  }

  func channelInactive(context: ChannelHandlerContext) {
    flush()
    mailbox.put(.outputEnded)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func flush() {
    if let bytes = collected { mailbox.put(.output(bytes)) }
    collected = nil
  }
}

/// Keeps the last lines of a runner's standard error, however much it writes.
final class RunnerErrorHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let mailbox: RunnerProcess.Mailbox

  init(mailbox: RunnerProcess.Mailbox) {
    self.mailbox = mailbox
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    mailbox.putErrorOutput(unwrapInboundIn(data))
  }

  func channelInactive(context: ChannelHandlerContext) {
    mailbox.put(.errorsEnded)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
