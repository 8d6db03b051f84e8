import Foundation
import HoldfastCore
import HoldfastTestKit
import Testing

@testable import HoldfastScanners

/// The reader meets files of processes that may be broken or hostile.
@Suite struct BreadcrumbReaderTests {
  /// A file with something in every kind of slot.
  func full() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = folder.path("crumbs")
    try BreadcrumbWriterTests.prepare(path)
    let writer = try BreadcrumbWriter(path: path)
    writer.step("one")
    writer.step("two")
    writer.current("here")
    writer.waiting(for: "that")
    for number in 0..<200 { writer.log("line \(number)") }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test func refusesWhatIsNoBreadcrumbFile() throws {
    #expect(throws: BreadcrumbReader.Failure.wrongSize(0)) { try BreadcrumbReader.read([]) }
    let zeros = [UInt8](repeating: 0, count: BreadcrumbLayout.size)
    #expect(throws: BreadcrumbReader.Failure.wrongMagic) { try BreadcrumbReader.read(zeros) }
    var later = try full()
    later[8] = 2
    #expect(throws: BreadcrumbReader.Failure.unknownVersion(2)) {
      try BreadcrumbReader.read(later)
    }
  }

  /// A torn slot of the state leaves the one before it.
  @Test func fallsBackToTheCrumbBefore() throws {
    var bytes = try full()
    #expect(try BreadcrumbReader.read(bytes).step?.text == "two")
    bytes[BreadcrumbLayout.offset(ofSlot: 1) + 32] ^= 1
    let trail = try BreadcrumbReader.read(bytes)
    #expect(trail.step?.text == "one")
    #expect(trail.tornSlots == 1)
  }

  /// Every single damaged byte of a slot is noticed, and costs that slot only.
  @Test func noticesEveryDamagedByte() throws {
    let bytes = try full()
    let start = BreadcrumbLayout.offset(ofSlot: 0)
    let length = 32 + 3
    for offset in start..<start + length {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[offset] ^= 1 << bit
        let trail = try BreadcrumbReader.read(damaged)
        #expect(trail.tornSlots == 1, "byte \(offset - start), bit \(bit)")
        #expect(trail.step?.text == "two")
      }
    }
  }

  @Test func survivesGarbage() throws {
    var random = SystemRandomNumberGenerator()
    let header = try full().prefix(BreadcrumbLayout.slotBytes)
    for _ in 0..<20 {
      let noise = (0..<BreadcrumbLayout.size - header.count).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let trail = try BreadcrumbReader.read(Array(header) + noise)
      #expect(trail.log.isEmpty && trail.step == nil)
      #expect(trail.tornSlots == BreadcrumbLayout.slots)
    }
  }

  /// A hostile runner can make whole slots of what it likes.
  @Test func makesHostileTextSafeToPrint() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("crumbs")
    try BreadcrumbWriterTests.prepare(path)
    let writer = try BreadcrumbWriter(path: path)
    writer.log("\u{1b}]0;title\u{7}\u{202e}text\nnext")
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let text = try #require(try BreadcrumbReader.read(bytes).log.first?.text)
    #expect(text == "\u{FFFD}]0;title\u{FFFD}\u{FFFD}text\u{FFFD}next")
  }

  /// A slot in a place of another kind is no crumb.
  @Test func takesNoSlotFromTheWrongPlace() throws {
    var bytes = try full()
    let step = BreadcrumbLayout.offset(ofSlot: 1)
    let ring = BreadcrumbLayout.offset(ofSlot: 50)
    bytes.replaceSubrange(
      ring..<ring + BreadcrumbLayout.slotBytes,
      with: bytes[step..<step + BreadcrumbLayout.slotBytes])
    #expect(try BreadcrumbReader.read(bytes).tornSlots == 1)
  }
}
