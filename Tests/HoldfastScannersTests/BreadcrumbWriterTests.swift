import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastScanners

/// A runner's breadcrumbs, written for real and read back from the file.
@Suite struct BreadcrumbWriterTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("crumbs")
    try Self.prepare(path)
  }

  /// What a worker does before it starts a runner.
  static func prepare(_ path: String) throws {
    var bytes = BreadcrumbLayout.header()
    bytes += [UInt8](repeating: 0, count: BreadcrumbLayout.size - bytes.count)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  static func harvest(_ path: String) throws -> BreadcrumbTrail {
    try BreadcrumbReader.read([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
  }

  @Test func tellsTheNewestOfEachAndTheLogInOrder() throws {
    let writer = try BreadcrumbWriter(path: path)
    #expect(try Self.harvest(path).step == nil)
    writer.step("walk")
    writer.step("compare")
    for number in 0..<5 { writer.current("folder \(number)") }
    writer.waiting(for: "lock of /srv")
    writer.log("first")
    writer.log("second")
    var trail = try Self.harvest(path)
    #expect(trail.processID == ProcessInfo.processInfo.processIdentifier)
    #expect(trail.step?.text == "compare")
    #expect(trail.current?.text == "folder 4")
    #expect(trail.waitingFor?.text == "lock of /srv")
    #expect(trail.log.map(\.text) == ["first", "second"])
    #expect(trail.log.map(\.nanoseconds) == trail.log.map(\.nanoseconds).sorted())
    writer.doneWaiting()
    trail = try Self.harvest(path)
    #expect(trail.waitingFor == nil)
    #expect(trail.tornSlots == 0)
  }

  @Test func keepsTheLastLinesAndTheStateWhateverTheFlood() throws {
    let writer = try BreadcrumbWriter(path: path)
    writer.step("walk")
    for number in 0..<10_000 { writer.log("line \(number)") }
    let trail = try Self.harvest(path)
    #expect(trail.step?.text == "walk")
    #expect(trail.log.count == BreadcrumbLayout.ringSlots)
    #expect(trail.log.first?.text == "line \(10_000 - BreadcrumbLayout.ringSlots)")
    #expect(trail.log.last?.text == "line 9999")
  }

  @Test func cutsLongTextsBetweenCharacters() throws {
    let writer = try BreadcrumbWriter(path: path)
    writer.current("x" + String(repeating: "é", count: 400))
    let crumb = try #require(try Self.harvest(path).current)
    #expect(crumb.isCut)
    #expect(crumb.text == "x" + String(repeating: "é", count: 239))
    for length in [0, 1, 7, 8, 9, 479, 480] {
      let text = String(repeating: "a", count: length)
      writer.current(text)
      #expect(try Self.harvest(path).current?.text == text)
      #expect(try Self.harvest(path).current?.isCut == false)
    }
  }

  @Test func takesCrumbsFromManyThreads() throws {
    let writer = try BreadcrumbWriter(path: path)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for number in 0..<5_000 { writer.log("thread \(thread) line \(number)") }
    }
    let trail = try Self.harvest(path)
    #expect(trail.tornSlots == 0)
    #expect(trail.log.count == BreadcrumbLayout.ringSlots)
  }

  /// The text is in the kernel's hands at once: a process that kills itself loses nothing.
  @Test func survivesTheWritersDeath() async throws {
    let path = path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let writer = try BreadcrumbWriter(path: path)
      writer.step("parse")
      writer.current("https://example.com/")
      for number in 0..<1000 { writer.log("line \(number)") }
      kill(getpid(), SIGKILL)
    }
    let trail = try Self.harvest(path)
    #expect(trail.processID != ProcessInfo.processInfo.processIdentifier)
    #expect(trail.step?.text == "parse")
    #expect(trail.current?.text == "https://example.com/")
    #expect(trail.log.last?.text == "line 999")
  }

  /// Killed by another thread in the middle of a flood: at most the slot being written is torn.
  @Test(arguments: [1_000, 3_000, 7_000, 11_000])
  func losesAtMostOneCrumbToAKill(microseconds: Int) async throws {
    let path = path
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, microseconds = microseconds as Int] in
      let writer = try BreadcrumbWriter(path: path)
      writer.step("flood")
      // At least one of each before the end can come.
      writer.current("first")
      writer.log("first")
      Thread {
        usleep(UInt32(microseconds))
        kill(getpid(), SIGKILL)
      }.start()
      let text = String(repeating: "long text ", count: 48)
      while true {
        writer.current(text)
        writer.log(text)
      }
    }
    let trail = try Self.harvest(path)
    #expect(trail.tornSlots <= 1)
    #expect(trail.step?.text == "flood")
    #expect(trail.current != nil)
    #expect(!trail.log.isEmpty)
  }

  @Test func findsItsFileByTheEnvironmentOnce() throws {
    #expect(try BreadcrumbWriter.fromEnvironment() == nil)
    setenv(BreadcrumbLayout.environmentVariable, path, 1)
    let writer = try #require(try BreadcrumbWriter.fromEnvironment())
    writer.step("walk")
    #expect(try Self.harvest(path).step?.text == "walk")
    #expect(getenv(BreadcrumbLayout.environmentVariable) == nil)
  }

  @Test func refusesWhatNoWorkerPrepared() throws {
    let missing = folder.path("missing")
    #expect(throws: BreadcrumbWriter.Failure.cannotOpen(path: missing, code: ENOENT)) {
      try BreadcrumbWriter(path: missing)
    }
    let short = folder.path("short")
    try Data("HFCRUMB1".utf8).write(to: URL(fileURLWithPath: short))
    let blank = folder.path("blank")
    try Data(count: BreadcrumbLayout.size).write(to: URL(fileURLWithPath: blank))
    for path in [short, blank] {
      #expect(throws: BreadcrumbWriter.Failure.notPrepared(path: path)) {
        try BreadcrumbWriter(path: path)
      }
    }
    let link = folder.path("link")
    #expect(symlink(path, link) == 0)
    #expect(throws: BreadcrumbWriter.Failure.cannotOpen(path: link, code: ELOOP)) {
      try BreadcrumbWriter(path: link)
    }
  }
}
