import CHoldfastSystem
import Testing

@testable import HoldfastEngine

/// Who belongs to a tree, and how its work is added up, from made-up processes.
@Suite struct DiagnosisTreeTests {
  func process(
    _ pid: Int32, parent: Int32 = 1, group: Int32 = 0, session: Int32 = 0, start: UInt64 = 100
  ) -> hf_process {
    var process = hf_process()
    process.pid = pid
    process.parent = parent
    process.group = group
    process.session = session
    process.start_ticks = start
    return process
  }

  func tree(
    _ processes: [hf_process], root: Int32 = 10, known: Set<ProcessIdentity> = []
  ) -> [Int32] {
    ProcessCensus(processes).tree(
      of: ProcessIdentity(processID: root, startTicks: 100), known: known
    ).map(\.pid)
  }

  @Test func findsDescendantsAndMembersOfItsSessionAndGroup() {
    let found = tree([
      process(1, parent: 0, start: 1), process(10, group: 10, session: 10),
      process(11, parent: 10, group: 11, session: 11), process(12, parent: 11),
      process(20, group: 20, session: 10), process(21, group: 10, session: 3),
      process(30, group: 30, session: 30),
    ])
    #expect(found.first == 10)
    #expect(Set(found) == [10, 11, 12, 20, 21])
  }

  @Test func keepsASessionWhoseLeaderHasEnded() {
    #expect(tree([process(20, group: 20, session: 10)]) == [20])
  }

  @Test func leavesTheSessionOfALaterProcessAlone() {
    #expect(
      tree([process(10, session: 10, start: 500), process(20, session: 10, start: 501)]).isEmpty)
  }

  @Test func keepsThoseItHasSeenBefore() {
    let lost = process(40, parent: 1, group: 40, session: 40)
    let reused = process(41, parent: 1, group: 41, session: 41, start: 900)
    let known: Set = [
      ProcessIdentity(processID: 40, startTicks: 100),
      ProcessIdentity(processID: 41, startTicks: 100),
    ]
    #expect(tree([process(10), lost, reused], known: known) == [10, 40])
  }

  @Test func survivesALoopOfParents() {
    #expect(Set(tree([process(10, parent: 11), process(11, parent: 10)])) == [10, 11])
  }

  // MARK: Sums

  func member(
    _ pid: Int32, parent: Int32 = 10, cpu: Int64 = 0, reaped: Int64 = 0, read: UInt64 = 0
  ) -> TreeActivity.Member {
    var io = hf_process_io()
    io.read_any = read
    return .init(
      identity: ProcessIdentity(processID: pid, startTicks: UInt64(pid)), parent: parent,
      cpuNanoseconds: cpu, reapedNanoseconds: reaped, io: io)
  }

  @Test func countsWhatAChildDidOnce() {
    var activity = TreeActivity()
    activity.add([member(10, cpu: 5), member(11, cpu: 0)], connections: [:])
    activity.add([member(10, cpu: 5), member(11, cpu: 70, read: 40)], connections: [:])
    #expect(activity.counters.cpuNanoseconds == 70)
    // It did 30 more, read 10 more, ended, and was collected.
    activity.add([member(10, cpu: 6, reaped: 100, read: 50)], connections: [:])
    #expect(activity.counters.cpuNanoseconds == 101)
    #expect(activity.counters.readBytes == 50)
    #expect(activity.counters.changes == 1)
  }

  @Test func countsAChildThatCameAndWent() {
    var activity = TreeActivity()
    activity.add([member(10)], connections: [:])
    activity.add([member(10, reaped: 30, read: 9)], connections: [:])
    #expect(activity.counters.cpuNanoseconds == 30)
    #expect(activity.counters.readBytes == 9)
  }

  @Test func losesNothingWhenNobodyCollectsAChild() {
    var activity = TreeActivity()
    activity.add([member(10), member(11, cpu: 50, read: 50)], connections: [:])
    activity.add([member(10, cpu: 1, read: 3)], connections: [:])
    #expect(activity.counters.cpuNanoseconds == 1)
    #expect(activity.counters.readBytes == 0)
    activity.add([member(10, cpu: 2, read: 5)], connections: [:])
    #expect(activity.counters.readBytes == 2)
  }

  @Test func countsConnections() {
    var activity = TreeActivity()
    activity.add([member(10)], connections: [1: .init(received: 100, sent: 10)])
    activity.add(
      [member(10)],
      connections: [1: .init(received: 150, sent: 10), 2: .init(received: 7, sent: 0)])
    activity.add([member(10)], connections: [2: .init(received: 7, sent: 1)])
    #expect(activity.counters.receivedBytes == 57)
    #expect(activity.counters.sentBytes == 1)
    #expect(activity.counters.changes == 2)
  }

  /// What answers pings is not work.
  @Test func answersToPingsAreNothing() {
    var pings = ActivityCounters()
    pings.cpuNanoseconds = 15 * 100_000
    pings.readBytes = 15 * 30
    pings.writtenBytes = 15 * 30
    #expect(!ActivityFloor.standard.isReached(by: pings, over: 15))
    var work = ActivityCounters()
    work.cpuNanoseconds = 100_000_000
    #expect(ActivityFloor.standard.isReached(by: work, over: 15))
  }
}
