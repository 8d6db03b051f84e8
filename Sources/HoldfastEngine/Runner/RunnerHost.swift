import CHoldfastSystem
import Glibc
import HoldfastCore
import NIOCore
import NIOPosix

/// Starts runners.
final class RunnerHost: Sendable {
  private let command: [String]
  private let environment: [String: String]
  private let group: any EventLoopGroup
  private let breadcrumbs: BreadcrumbFolder?
  private let onTrouble: @Sendable (String) -> Void
  private let attachment: RunnerAttachment?
  private let keeper = ProcessKeeper()

  /// - Parameters:
  ///   - inherited: this process's own environment; only what a program cannot do without is passed on.
  ///   - breadcrumbs: where runners leave their breadcrumbs.
  ///   - attachment: what its runner shares with a command that supervises one program of its own.
  ///   - onTrouble: told what a runner has to do without.
  init(
    command: [String], limits: RunnerLimits, inherited: [String: String],
    group: any EventLoopGroup, breadcrumbs: BreadcrumbFolder? = nil,
    attachment: RunnerAttachment? = nil,
    onTrouble: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    // A runner that has ended must be an error of one write, not the end of the worker.
    signal(SIGPIPE, SIG_IGN)
    self.command = command
    self.environment =
      attachment.map { Self.environment(attachedTo: $0) }
      ?? Self.environment(limits: limits, inherited: inherited)
    self.attachment = attachment
    self.group = group
    self.breadcrumbs = breadcrumbs
    self.onTrouble = onTrouble
  }

  /// Nothing of the worker's environment but these few, so that no credential can reach a runner.
  static func environment(
    limits: RunnerLimits, inherited: [String: String]
  ) -> [String: String] {
    let passedOn = ["PATH", "HOME", "TZ", "TMPDIR"]
    var environment = inherited.filter { passedOn.contains($0.key) }
    environment["LANG"] = "C.UTF-8"
    environment["LC_ALL"] = "C.UTF-8"
    // The keeper's thread lives as long as its children, so the kernel may kill them when it ends.
    environment["HOLDFAST_END_WITH_PARENT"] = "kill"
    return environment.merging(limits.environment) { _, limit in limit }
  }

  /// The program that is supervised has the environment that it would have had alone.
  static func environment(attachedTo attachment: RunnerAttachment) -> [String: String] {
    var environment = attachment.environment
    environment["HOLDFAST_END_WITH_PARENT"] = "kill"
    environment[RunnerAttachment.variable] = "1"
    return environment
  }

  func start() async throws(RunnerError) -> RunnerProcess {
    guard let program = command.first else { throw .noCommand }
    let pipes: Pipes
    do {
      pipes = try Pipes()
    } catch {
      throw .cannotStart(program: program, reason: error.description)
    }
    let crumbs = await nextBreadcrumbs()
    var environment = environment
    environment[BreadcrumbLayout.environmentVariable] = crumbs?.path
    let result = await keeper.launch(
      .init(
        command: command, environment: environment, input: pipes.input.read,
        output: pipes.output.write, error: pipes.errors.write,
        more: attachment?.descriptors ?? []))
    pipes.closeChildEnds()
    switch result {
    case .failure(let error):
      pipes.closeParentEnds()
      crumbs?.remove()
      throw error
    case .success(let handle):
      return try await connect(handle, pipes, crumbs, program: program)
    }
  }

  /// A scan without breadcrumbs is better than none: what keeps the file from being made is only told.
  private func nextBreadcrumbs() async -> BreadcrumbFile? {
    guard let breadcrumbs else { return nil }
    do {
      return try await NIOThreadPool.singleton.runIfActive { try breadcrumbs.next() }
    } catch {
      onTrouble("\(error)")
      return nil
    }
  }

  /// Lets the keeper's thread end once all runners have.
  func shutDown() {
    keeper.shutDown()
  }

  private func connect(
    _ handle: ProcessHandle, _ pipes: Pipes, _ crumbs: BreadcrumbFile?, program: String
  ) async throws(RunnerError) -> RunnerProcess {
    let mailbox = RunnerProcess.Mailbox()
    let peephole = Peephole(output: pipes.output.read, errors: pipes.errors.read)
    let reads = FixedSizeRecvByteBufferAllocator(capacity: 65_536)
    do {
      let input = try await NIOPipeBootstrap(group: group)
        .takingOwnershipOfDescriptor(output: pipes.input.write).get()
      let output = try await NIOPipeBootstrap(group: group)
        .channelOption(.autoRead, value: false)
        .channelOption(.recvAllocator, value: reads)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(RunnerOutputHandler(mailbox: mailbox))
          }
        }
        .takingOwnershipOfDescriptor(input: pipes.output.read).get()
      let errors = try await NIOPipeBootstrap(group: group)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(RunnerErrorHandler(mailbox: mailbox))
          }
        }
        .takingOwnershipOfDescriptor(input: pipes.errors.read).get()
      return RunnerProcess(
        handle: handle, input: input, output: output, errors: errors,
        peephole: peephole, mailbox: mailbox, breadcrumbs: crumbs)
    } catch {
      handle.signalGroup(SIGKILL)
      throw .cannotStart(program: program, reason: "\(error)")
    }
  }
}

/// The three pipes of a runner before they have owners. All ends are closed on exec.
private struct Pipes {
  let input: (read: Int32, write: Int32)
  let output: (read: Int32, write: Int32)
  let errors: (read: Int32, write: Int32)

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init() throws(Failure) {
    input = try Self.make()
    do {
      output = try Self.make()
    } catch {
      Self.close(input)
      throw error
    }
    do {
      errors = try Self.make()
    } catch {
      Self.close(input)
      Self.close(output)
      throw error
    }
  }

  func closeChildEnds() {
    Glibc.close(input.read)
    Glibc.close(output.write)
    Glibc.close(errors.write)
  }

  func closeParentEnds() {
    Glibc.close(input.write)
    Glibc.close(output.read)
    Glibc.close(errors.read)
  }

  private static func make() throws(Failure) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 3) == 0 else {
      throw Failure(description: "pipe: \(String(cString: strerror(errno)))")
    }
    return (ends[0], ends[1])
  }

  private static func close(_ ends: (read: Int32, write: Int32)) {
    Glibc.close(ends.read)
    Glibc.close(ends.write)
  }
}
