import Glibc
import HoldfastCore
import Testing

@testable import HoldfastEngine

@Suite struct LinuxProcessTests {
  let current = LinuxProcess.current()

  func record(
    host: String? = nil, boot: String? = nil, processID: Int32? = nil, ticks: UInt64? = nil
  ) -> WorkerRecord {
    let time = Timestamp(unixMilliseconds: 0)
    return WorkerRecord(
      id: "1", name: "w", host: host ?? current.host, bootID: boot ?? current.bootID,
      processID: processID ?? current.processID, slots: 1, kinds: [], status: "running",
      version: "1", running: 0, startedAt: time, lastHeartbeatAt: time,
      heartbeatIntervalSeconds: 30, processStartTicks: ticks ?? current.startTicks)
  }

  @Test func knowsItself() {
    #expect(current.processID == getpid())
    #expect(current.startTicks > 0)
    #expect(!current.bootID.isEmpty && current.bootID != "unknown")
    #expect(LinuxProcess.startTicks(of: getpid()) == current.startTicks)
  }

  @Test func aProcessThatIsThereIsNotGone() {
    #expect(!current.isGone(record()))
  }

  @Test func anotherHostCannotBeJudged() {
    #expect(!current.isGone(record(host: "elsewhere", boot: "another", processID: 1 << 30)))
  }

  @Test func anotherBootIsGone() {
    #expect(current.isGone(record(boot: "another")))
  }

  @Test func anEndedProcessAndAReusedIdAreGone() {
    #expect(current.isGone(record(processID: 1 << 30)))
    #expect(current.isGone(record(ticks: current.startTicks - 1)))
  }

  @Test func readsTheStartPastAnyName() {
    let fields = (3...25).map { "\($0)" }.joined(separator: " ")
    #expect(LinuxProcess.startTicks(inStat: "42 (a) b (c)) \(fields)\n") == 22)
    #expect(LinuxProcess.startTicks(inStat: "garbage") == nil)
  }
}
