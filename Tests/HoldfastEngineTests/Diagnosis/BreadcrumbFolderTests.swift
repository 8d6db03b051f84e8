import Foundation
import HoldfastCore
import HoldfastTestKit
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
