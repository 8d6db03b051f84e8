import HoldfastCore
import HoldfastStorage
import Logging
import NIOCore

/// Renews the leases of all attempts in one statement a beat, and stops the runners whose lease could not be renewed in
/// time. The two run apart, so that a database that does not answer cannot keep the second from happening.
final class Heartbeater: Sendable {
  private let store: any WorkerStore
  private let life: WorkerLife
  private let leases: LeaseTable
  private let watch: RunnerWatch
  private let intervalSeconds: Double
  private let logger: Logger
  private let beatBell: Doorbell
  private let guardBell: Doorbell
  private let onSuccess: @Sendable () -> Void
  private let isClaiming: @Sendable () -> Bool

  /// - Parameters:
  ///   - isClaiming: whether scans are being claimed whose leases are not known here yet.
  ///   - onSuccess: called after each beat that the database has answered.
  init(
    store: any WorkerStore, life: WorkerLife, leases: LeaseTable, watch: RunnerWatch,
    intervalSeconds: Double,
    eventLoop: any EventLoop, logger: Logger, isClaiming: @escaping @Sendable () -> Bool,
    onSuccess: @escaping @Sendable () -> Void
  ) {
    self.isClaiming = isClaiming
    self.store = store
    self.life = life
    self.leases = leases
    self.watch = watch
    self.intervalSeconds = intervalSeconds
    self.logger = logger
    self.onSuccess = onSuccess
    beatBell = Doorbell(eventLoop: eventLoop)
    guardBell = Doorbell(eventLoop: eventLoop)
  }

  /// Beats until ``end()``.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask(name: "heartbeat: control") {
        for await _ in self.store.signals(.control) { self.beatBell.ring() }
      }
      group.addTask(name: "heartbeat: guard") { await self.guardLoop() }
      await beatLoop()
      guardBell.takeDown()
      group.cancelAll()
    }
  }

  func end() {
    beatBell.takeDown()
  }

  /// Takes newly claimed scans into account.
  func leasesChanged() {
    beatBell.ring(after: pauseSeconds)
    guardBell.ring()
  }

  private var pauseSeconds: Double {
    min(intervalSeconds, leases.shortestIntervalSeconds ?? intervalSeconds)
  }

  private func beatLoop() async {
    beatBell.ring(after: pauseSeconds)
    var beganAt = ContinuousClock.now
    for await _ in beatBell.rings {
      // The store takes back what a worker was given before its previous beat and does not list in this one: the answer must have
      // been lost. So the beats that an operator's wish brings wait while a claim's answer is under way; the regular ones do not.
      if isClaiming(), (.now - beganAt).seconds < pauseSeconds / 2 {
        beatBell.ring(after: 0.02)
        continue
      }
      beganAt = .now
      let isAnswered = await beat()
      // A beat that failed is tried again soon: every lease lives on this.
      beatBell.ring(after: isAnswered ? pauseSeconds : min(5, pauseSeconds / 4))
    }
  }

  /// `false` if the database did not answer.
  private func beat() async -> Bool {
    let held = leases.leases
    let pulses = watch.pulses(of: held)
    let sentAt = ContinuousClock.now
    do throws(StoreError) {
      let outcome = try await store.beat(life, pulses: pulses, running: held.count)
      watch.delivered(pulses)
      leases.beaten(held, sentAt: sentAt, outcome: outcome)
      logger.debug(
        "💓 HEARTBEAT",
        metadata: [
          "running": "\(held.count)", "lost": "\(outcome.lost.count)",
          "requests": "\(outcome.requests.count)",
        ])
      onSuccess()
      return true
    } catch  where error.isSchemaMismatch {
      return await beatMinimally(held, sentAt: sentAt, after: error)
    } catch {
      logger.warning(
        "💓 HEARTBEAT failed; trying again",
        metadata: ["running": "\(held.count)", "error": "\(error)"])
      return false
    }
  }

  /// Leases do not run out because somebody changes the schema.
  private func beatMinimally(
    _ held: [Lease], sentAt: ContinuousClock.Instant, after refusal: StoreError
  ) async -> Bool {
    logger.error(
      "💓 HEARTBEAT failed: PGRST204, the schema cache does not fit the database any more; refreshing it",
      metadata: ["running": "\(held.count)", "error": "\(refusal)"])
    do throws(StoreError) {
      try await store.refreshSchema()
      let outcome = try await store.beatMinimally(life, leases: held)
      leases.beaten(held, sentAt: sentAt, outcome: outcome)
      logger.notice("schema cache recovery: the leases are renewed in their minimal form")
      onSuccess()
      return true
    } catch {
      logger.error(
        "💓 HEARTBEAT failed, in its minimal form too; trying again",
        metadata: ["running": "\(held.count)", "error": "\(error)"])
      return false
    }
  }

  private func guardLoop() async {
    guardBell.ring()
    for await _ in guardBell.rings {
      if let next = leases.giveUpUnsure(now: .now) {
        guardBell.ring(after: (next - .now).seconds)
      }
    }
  }
}
