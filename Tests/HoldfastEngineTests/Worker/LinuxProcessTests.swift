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

extension LinuxProcessTests {
  @Test func onlyTheSameKernelProvesAnEnd() {
    #expect(current.hasEnded(record()) == false)
    #expect(current.hasEnded(record(processID: 1 << 30)) == true)
    #expect(current.hasEnded(record(ticks: current.startTicks - 1)) == true)
    #expect(current.hasEnded(record(boot: "another", processID: 1 << 30)) == nil)
    #expect(
      current.hasEnded(record(boot: current.bootID + " pid:[1]", processID: 1 << 30)) == nil,
      "a container of its own numbers its processes for itself")
    #expect(current.hasEnded(record(host: "elsewhere", processID: 1 << 30)) == nil)
  }

  @Test func aNameTellsTheSame() {
    #expect(current.hasEnded(named: current.name) == false)
    var gone = current
    gone.processID = 1 << 30
    #expect(current.hasEnded(named: gone.name) == true)
    #expect(current.hasEnded(named: "sweeper-1") == nil)
    gone.bootID = "another"
    #expect(current.hasEnded(named: gone.name) == nil)
  }

  /// A child that has ended and that nobody has collected is there for the kernel, and gone for everybody else.
  @Test func aZombieHasEnded() throws {
    var child: pid_t = 0
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    try #require(posix_spawn(&child, "/bin/true", nil, nil, arguments, nil) == 0)
    var information = siginfo_t()
    #expect(waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) == 0)
    let ticks = try #require(LinuxProcess.startTicks(of: child))
    #expect(current.hasEnded(record(processID: child, ticks: ticks)) == true)
    #expect(waitpid(child, nil, 0) == child)
  }
}
