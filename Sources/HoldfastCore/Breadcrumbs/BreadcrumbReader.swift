/// Reads the bytes of a breadcrumb file.
///
/// They are the word of a process that may be broken or hostile, so nothing in them is believed:
/// sizes come from the layout and not from the file, a slot counts only with its checksum, and text
/// is repaired and made safe to print.
package enum BreadcrumbReader {
  package enum Failure: Error, Hashable, CustomStringConvertible {
    /// Not `BreadcrumbLayout.size` bytes.
    case wrongSize(Int)
    case wrongMagic
    case unknownVersion(UInt32)

    package var description: String {
      switch self {
      case .wrongSize(let size):
        "a breadcrumb file has \(BreadcrumbLayout.size) bytes, and this one \(size)"
      case .wrongMagic: "it does not begin with HFCRUMB1, so it is no breadcrumb file"
      case .unknownVersion(let version):
        "its version is \(version), and only version \(BreadcrumbLayout.version) can be read"
      }
    }
  }

  package static func read(_ bytes: [UInt8]) throws(Failure) -> BreadcrumbTrail {
    guard bytes.count == BreadcrumbLayout.size else { throw .wrongSize(bytes.count) }
    let head = bytes.withUnsafeBytes { bytes in
      (
        magic: uint64(bytes, 0), version: UInt32(truncatingIfNeeded: uint64(bytes, 8)),
        processID: Int32(truncatingIfNeeded: uint64(bytes, 16) >> 32)
      )
    }
    guard head.magic == BreadcrumbLayout.magic else { throw .wrongMagic }
    guard head.version == BreadcrumbLayout.version else { throw .unknownVersion(head.version) }
    var trail = BreadcrumbTrail(processID: max(0, head.processID))
    bytes.withUnsafeBytes { readSlots($0, into: &trail) }
    return trail
  }

  private struct Slot {
    var sequence: UInt64
    var kind: BreadcrumbLayout.Kind
    var crumb: BreadcrumbTrail.Crumb
  }

  private static func readSlots(_ bytes: UnsafeRawBufferPointer, into trail: inout BreadcrumbTrail)
  {
    var slots: [Slot] = []
    for index in 0..<BreadcrumbLayout.slots {
      let start = BreadcrumbLayout.offset(ofSlot: index)
      let part = UnsafeRawBufferPointer(
        rebasing: bytes[start..<start + BreadcrumbLayout.slotBytes])
      if part.allSatisfy({ $0 == 0 }) { continue }
      guard let slot = slot(part), isAtHome(slot.kind, index) else {
        trail.tornSlots += 1
        continue
      }
      slots.append(slot)
    }
    slots.sort { $0.sequence < $1.sequence }
    for slot in slots {
      switch slot.kind {
      case .step: trail.step = slot.crumb
      case .current: trail.current = slot.crumb
      // An empty text ends a wait.
      case .waiting: trail.waitingFor = slot.crumb.text.isEmpty ? nil : slot.crumb
      case .log: trail.log.append(slot.crumb)
      }
    }
  }

  private static func isAtHome(_ kind: BreadcrumbLayout.Kind, _ index: Int) -> Bool {
    kind == .log
      ? index >= BreadcrumbLayout.ringStart : index / 2 == Int(kind.rawValue - 1)
  }

  private static func slot(_ bytes: UnsafeRawBufferPointer) -> Slot? {
    let sequence = uint64(bytes, 0)
    let nanoseconds = uint64(bytes, 8)
    let head = uint64(bytes, 24)
    let length = Int(head >> 16 & 0xffff)
    guard sequence > 0, length <= BreadcrumbLayout.textBytes, head >> 32 == 0,
      let kind = BreadcrumbLayout.Kind(rawValue: UInt8(truncatingIfNeeded: head))
    else { return nil }
    let text = UnsafeRawBufferPointer(rebasing: bytes[32..<32 + length])
    let checksum = BreadcrumbLayout.checksum(
      sequence: sequence, nanoseconds: nanoseconds, head: head, text: text)
    guard checksum == uint64(bytes, 16) else { return nil }
    let crumb = BreadcrumbTrail.Crumb(
      text: printable(text), nanoseconds: nanoseconds, isCut: head >> 8 & 0xff == 1)
    return Slot(sequence: sequence, kind: kind, crumb: crumb)
  }

  private static func uint64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// No invalid UTF-8 and no control characters, so that no runner can drive an operator's
  /// terminal.
  private static func printable(_ bytes: UnsafeRawBufferPointer) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }
}
