import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastEngine

@Suite struct JournalTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func entry(_ sequence: Int64) -> Journal.Entry {
    let lease = Lease(scanID: ScanID(high: 1, low: 1), token: 3)
    let item = Item(key: "a\nb", type: "file", change: .moved, identity: "i", data: ["from": "x"])
    return Journal.Entry(
      sequence: sequence,
      report: AttemptReport(
        lease: lease, items: [item],
        errors: [ItemError(path: "p", type: "oversized", message: "m")],
        baselineWrites: [Baseline.Write(id: "i", segment: 0, fingerprint: "f", content: "c")],
        checkpoint: ["n": .int(sequence)], progress: Progress(done: sequence),
        progressMessage: "m", waitingFor: "",
        end: .requeued(
          reason: .workerDrained, message: "m", delaySeconds: 0.5, countsAsCrash: false)))
  }

  func all(_ journal: Journal) throws -> [Int64] {
    var position = Journal.Position()
    var sequences: [Int64] = []
    while true {
      let (entries, next) = try journal.read(from: position, maxBytes: 1)
      if entries.isEmpty { return sequences }
      sequences += entries.map(\.sequence)
      position = next
    }
  }

  @Test func givesBackWhatItWasGivenInOrder() throws {
    let journal = Journal(folder: folder.path("life"))
    #expect(try journal.read(from: .init()).entries == [])
    try journal.append([entry(1), entry(2)])
    try journal.append([entry(3)])
    let (entries, next) = try journal.read(from: .init())
    #expect(entries == [entry(1), entry(2), entry(3)])
    #expect(next == journal.end)
  }

  @Test func goesOverManySegmentsAndDropsThoseThatAreDelivered() throws {
    let journal = Journal(folder: folder.path("life"), maxSegmentBytes: 1000)
    for number in 1...20 { try journal.append([entry(Int64(number))]) }
    #expect(try all(journal) == Array(1...20))
    let files = Journal.names(in: journal.folder).count
    #expect(files > 5)
    journal.discard(before: journal.end)
    #expect(Journal.names(in: journal.folder).count <= 2)
    try journal.append([entry(21)])
    #expect(try all(journal) == [21])
  }

  @Test func isBounded() throws {
    let journal = Journal(folder: folder.path("life"), maxSegmentBytes: 1000, maxBytes: 2000)
    #expect(throws: JournalError.self) {
      for number in 1...20 { try journal.append([entry(Int64(number))]) }
    }
    journal.discard(before: journal.end)
    try journal.append([entry(30)])
  }

  @Test func anotherLifeReadsItOnceItsWriterIsGone() throws {
    let path = folder.path("life")
    var journal: Journal? = Journal(folder: path)
    try journal?.append([entry(1)])
    #expect(throws: JournalError.inUse(path: path)) { try Journal.reopen(folder: path) }
    journal = nil
    let reopened = try Journal.reopen(folder: path)
    #expect(try all(reopened) == [1])
    reopened.remove()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aLineCutOffByACrashIsNoEntry() throws {
    let path = folder.path("life")
    var journal: Journal? = Journal(folder: path)
    try journal?.append([entry(1), entry(2)])
    journal = nil
    let file = path + "/000001.ndjson"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    for cut in [1, 10, 200] {
      try bytes.dropLast(cut).write(to: URL(fileURLWithPath: file))
      #expect(try all(try Journal.reopen(folder: path)) == [1])
    }
  }

  @Test func aSpoiltLineDoesNotHideTheNext() throws {
    let path = folder.path("life")
    var journal: Journal? = Journal(folder: path)
    try journal?.append([entry(1)])
    journal = nil
    let file = path + "/000001.ndjson"
    let line = try String(contentsOfFile: file, encoding: .utf8)
    try ("garbage\n" + line).write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try all(try Journal.reopen(folder: path)) == [1])
  }

  @Test func onlyItsOwnerCanReadIt() throws {
    let journal = Journal(folder: folder.path("life"))
    try journal.append([entry(1)])
    let attributes = try FileManager.default.attributesOfItem(
      atPath: journal.folder + "/000001.ndjson")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }
}
