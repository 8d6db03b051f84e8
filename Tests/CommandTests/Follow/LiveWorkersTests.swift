import Glibc
import HoldfastCore
import Testing

@testable import holdfast

@Suite struct LiveWorkersTests {
  private let now = Timestamp(unixMilliseconds: 10_000_000)

  private func worker(
    host: String = "here", bootID: String = "boot", kinds: [String] = [], status: String = "alive",
    silentSeconds: Double = 1
  ) -> WorkerRecord {
    WorkerRecord(
      id: "w1", name: "w", host: host, bootID: bootID, processID: 100, slots: 1, kinds: kinds,
      status: status, version: "0", running: 0, startedAt: now,
      lastHeartbeatAt: now.adding(seconds: -silentSeconds), heartbeatIntervalSeconds: 30,
      processStartTicks: 7)
  }

  private func isLive(_ worker: WorkerRecord, runs: Bool = true) -> Bool {
    let host = LiveWorkers.Host(
      name: "here", bootID: "boot", isRunning: { pid, ticks in runs && pid == 100 && ticks == 7 })
    return !LiveWorkers.of([worker], kind: "library", now: now, host: host).isEmpty
  }

  @Test func aBeatingWorkerIsLive() {
    #expect(isLive(worker()))
    #expect(isLive(worker(kinds: ["site", "library"])))
  }

  @Test func anotherKindIsNoHelp() { #expect(!isLive(worker(kinds: ["site"]))) }

  @Test func silenceIsDeath() {
    #expect(isLive(worker(silentSeconds: 90)))
    #expect(!isLive(worker(silentSeconds: 91)))
  }

  @Test func aProcessOfThisHostMustBeThere() {
    #expect(!isLive(worker(), runs: false))
    #expect(!isLive(worker(bootID: "before")))
    #expect(isLive(worker(host: "elsewhere"), runs: false))
  }

  @Test func aWorkerThatHasEndedIsNotLive() { #expect(!isLive(worker(status: "retired"))) }

  @Test func processesAreToldApartByTheirStart() throws {
    let own = getpid()
    #expect(ProcessEnvironment.isRunning(own, startTicks: 0))
    #expect(!ProcessEnvironment.isRunning(own, startTicks: 1))
    // Process ids end far below this.
    #expect(!ProcessEnvironment.isRunning(Int32.max, startTicks: 0))
  }
}
