import Glibc
import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore
import Synchronization

/// Carries out one attempt: feeds ``AttemptCore`` with what happens and does what it answers, one event after the other.
final class AttemptSession: Sendable {
  enum Event: Sendable {
    case started(RunnerProcess)
    case input(AttemptCore.Input)
    case runner(RunnerProcess.Event)
    case report(ReportEvent)
    case watch(RunnerWatch.Tidings)
    /// Time to see again whether the end of the runner's output and that of its process go together.
    case lookAgain
    /// Its end is in the journal, and the worker ends.
    case abandon
  }

  /// What an attempt needs of its worker.
  struct Context: Sendable {
    var store: any WorkerStore
    var pool: RunnerPool
    var reporter: Reporter
    var watch: RunnerWatch
    var eventLoop: any EventLoop
    var policy: Policy
    var patience: Patience
    var logger: Logger
    /// Where runners leave their breadcrumbs.
    var breadcrumbs: BreadcrumbFolder?
    /// What the runner is to run, for kinds that are programs.
    var program: ProgramSpec?
    /// Called once, when the process is gone and its end is on its way.
    var freeSlot: @Sendable () -> Void
  }

  private let claim: Claim
  private let context: Context
  private let events: AsyncStream<Event>
  private let inbox: AsyncStream<Event>.Continuation

  init(claim: Claim, context: Context) {
    self.claim = claim
    self.context = context
    (events, inbox) = AsyncStream.makeStream()
  }

  /// Asks for its end; may be called at any time and more than once.
  func stop(_ cause: AttemptCore.StopCause) {
    inbox.yield(.input(.stop(cause)))
  }

  /// Asks for a diagnosis of its process, which goes into its next report.
  func look() {
    inbox.yield(.input(.look))
  }

  /// Lets it return without its end being in the database.
  func abandon() {
    inbox.yield(.abandon)
  }

  /// Runs the attempt until its end is in the database, or refused.
  func run() async {
    let inbox = inbox
    context.reporter.open(claim.lease) { inbox.yield(.report($0)) }
    context.watch.add(claim, policy: context.policy) { inbox.yield(.watch($0)) }
    defer {
      context.reporter.close(claim.lease)
      context.watch.remove(claim.lease)
    }
    await withDiscardingTaskGroup { group in
      var shell = AttemptShell(claim: claim, context: context, inbox: inbox)
      group.addTask(name: "attempt: runner") { [context] in
        do throws(RunnerError) {
          inbox.yield(.started(try await context.pool.take()))
        } catch {
          inbox.yield(.input(.notStarted("\(error)")))
        }
      }
      group.addTask(name: "attempt: baseline") { [claim, context] in
        let answers = BaselineAnswers(store: context.store, lease: claim.lease, inbox: inbox)
        guard let summary = await answers.summary() else { return }
        inbox.yield(.input(.baseline(summary)))
      }
      group.addTask(name: "attempt: requests") { [claim, context, requests = shell.requests] in
        await BaselineAnswers(store: context.store, lease: claim.lease, inbox: inbox)
          .answer(requests)
      }
      shell.begin()
      for await event in events {
        shell.handle(event)
        if shell.isOver { break }
      }
      shell.end()
      group.cancelAll()
    }
    // A runner that came after the attempt had been given up belongs to nobody.
    inbox.finish()
    for await case .started(let runner) in events { runner.signalGroup(SIGKILL) }
  }
}
