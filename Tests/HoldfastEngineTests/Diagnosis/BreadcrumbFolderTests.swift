import Foundation
import HoldfastCore
import HoldfastTestKit
import Synchronization
import Testing

@testable import HoldfastEngine

/// The breadcrumb files of a worker's life, and what a later life makes of them.
@Suite struct BreadcrumbFolderTests {
  let folder: TemporaryFolder
  let name = BreadcrumbFolder.Name(
    lease: Lease(scanID: ScanID(high: 1, low: 2), token: 7), attempt: 3)

  init() throws {
    folder = try TemporaryFolder(prefix: "holdfast-crumbs")
  }

  @Test func aFileIsFoundByItsAttemptAndKeepsWhatWasWritten() throws {
    let path = folder.path("breadcrumbs/life")
    do {
      let life = BreadcrumbFolder(path: path)
      let first = try life.next()
      let second = try life.next()
      #expect(first != second)
      life.assign(second, to: name)
      #expect(BreadcrumbFolder.reopen(path) == nil, "that life is still there")
    }
    let left = try #require(BreadcrumbFolder.reopen(path))
    #expect(left.attempts.map(\.name) == [name], "the spare's file tells nothing")
    #expect(try left.attempts.first?.file.harvest().processID == 0)
    left.remove()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  /// Whoever looks for the folders of earlier lives at any moment either does not see this one or cannot open it.
  @Test func aFolderIsNeverSeenWithoutItsLock() async throws {
    let path = folder.path("breadcrumbs")
    let isOver = Mutex(false)
    async let taken = Task.detached { () -> String? in
      while !isOver.withLock(\.self) {
        let lives = BreadcrumbFolder.lives(in: path)
        if let life = lives.first(where: { BreadcrumbFolder.reopen("\(path)/\($0)") != nil }) {
          return life
        }
      }
      return nil
    }.value
    var lives: [BreadcrumbFolder] = []
    for number in 0..<200 {
      let life = BreadcrumbFolder(path: "\(path)/life-\(number)")
      _ = try life.next()
      lives.append(life)
    }
    isOver.withLock { $0 = true }
    #expect(await taken == nil, "a folder was taken from its life")
    #expect(BreadcrumbFolder.lives(in: path).count == lives.count)
  }

  @Test func anAttemptsFileGoesWithIt() throws {
    let life = BreadcrumbFolder(path: folder.path("life"))
    let file = try life.next()
    life.assign(file, to: name)
    life.remove(file, of: name)
    #expect(Journal.names(in: life.path) == [])
  }

  @Test(arguments: ["runner-1", "", "a.b.c", "1.2.3", ".7.3"])
  func otherNamesAreNoAttempts(text: String) {
    #expect(BreadcrumbFolder.Name(text) == nil)
  }

  @Test func aNameIsReadAsItIsWritten() {
    #expect(BreadcrumbFolder.Name(name.text) == name)
  }
}
