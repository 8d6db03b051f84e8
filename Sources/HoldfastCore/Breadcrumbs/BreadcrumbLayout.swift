/// The binary form of a breadcrumb file: how a runner tells, up to its last moment, what it is
/// about.
///
/// The file is `size` bytes, created by the worker, and mapped shared by the runner, so that what
/// it wrote last is in the kernel's hands and survives any death of the process. All integers are
/// little-endian. It begins with a header of one slot:
///
/// | offset | bytes | what |
/// | --- | --- | --- |
/// | 0 | 8 | magic, `HFCRUMB1` |
/// | 8 | 4 | version, 1 |
/// | 12 | 4 | size of a slot, 512 |
/// | 16 | 4 | number of slots, 127 |
/// | 20 | 4 | process id of the writer; 0 until one has opened it |
/// | 24 | 8 | log lines so far, the write index: a hint, since the slots' own numbers decide |
///
/// The slots follow. The first six hold the state: two each for the step, the current target and
/// what is waited for, written in turn, so that one is whole while the other is being written, and
/// no flood of log lines pushes them out. The other 121 are a ring of log lines. A slot:
///
/// | offset | bytes | what |
/// | --- | --- | --- |
/// | 0 | 8 | sequence number, from 1, over all slots; 0 for an empty one |
/// | 8 | 8 | nanoseconds of the monotonic clock (`CLOCK_MONOTONIC`) |
/// | 16 | 8 | ``checksum(sequence:nanoseconds:head:text:)`` |
/// | 24 | 1 | ``Kind`` |
/// | 25 | 1 | 1 if the text was cut |
/// | 26 | 2 | bytes of text, at most 480 |
/// | 28 | 4 | 0 |
/// | 32 | 480 | text, UTF-8 |
///
/// A writer stores the checksum last. A slot whose checksum does not fit was torn by the writer's
/// death and is passed over.
package enum BreadcrumbLayout {
  package static let size = 65_536
  package static let slotBytes = 512
  package static let slots = 127
  package static let textBytes = 480
  package static let version: UInt32 = 1
  /// `HFCRUMB1` as bytes in memory.
  package static let magic: UInt64 = 0x3142_4D55_5243_4648
  /// The environment variable in which a worker tells its runner the file's path.
  package static let environmentVariable = "HOLDFAST_BREADCRUMBS"
  /// The first slot of the ring of log lines.
  package static let ringStart = 6
  package static let ringSlots = slots - ringStart

  package enum Kind: UInt8, Sendable, CaseIterable {
    case step = 1
    case current = 2
    case waiting = 3
    case log = 4
  }

  /// The beginning of a file that nobody has written to yet; the rest is zeros.
  package static func header() -> [UInt8] {
    let words: [UInt64] = [
      magic, UInt64(version) | UInt64(slotBytes) << 32, UInt64(slots), 0,
    ]
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  /// Where in the file a slot begins.
  package static func offset(ofSlot index: Int) -> Int { slotBytes * (index + 1) }

  /// The slot for the nth crumb of its kind, counted from 0.
  package static func slot(for kind: Kind, count: UInt64) -> Int {
    kind == .log
      ? ringStart + Int(count % UInt64(ringSlots))
      : Int(kind.rawValue - 1) * 2 + Int(count % 2)
  }

  /// Kind, cut and length, as the eight bytes from offset 24 hold them.
  package static func head(_ kind: Kind, isCut: Bool, length: Int) -> UInt64 {
    UInt64(kind.rawValue) | (isCut ? 1 << 8 : 0) | UInt64(length) << 16
  }

  /// Tells a whole slot from a torn one; no defence against a forger. FNV-1a over words of eight
  /// bytes, the last padded with zeros, each mixed once more by a rotation.
  package static func checksum(
    sequence: UInt64, nanoseconds: UInt64, head: UInt64, text: UnsafeRawBufferPointer
  ) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ word: UInt64) {
      hash = (hash ^ word) &* 0x0000_0100_0000_01b3
      hash = hash << 29 | hash >> 35
    }
    mix(sequence)
    mix(nanoseconds)
    mix(head)
    var at = 0
    while at + 8 <= text.count {
      mix(UInt64(littleEndian: text.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
      at += 8
    }
    var last: UInt64 = 0
    for (index, byte) in text[at...].enumerated() { last |= UInt64(byte) << (8 * UInt64(index)) }
    mix(last)
    // Zero stands for “being written”.
    return hash == 0 ? 1 : hash
  }
}
