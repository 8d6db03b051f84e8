import CHoldfastSystem
import Glibc

/// One folder as it was read: its files, its folders, what went wrong, what it counts. Used again and again by the thread
/// that reads, so that an unchanged file costs no memory of its own.
///
/// Unchecked, because it is handed from one thread to the next and never shared.
final class FolderSnapshot: @unchecked Sendable {
  /// What an entry of the library is; part of what its fingerprint covers.
  enum Form: UInt8 {
    case file = 1
    /// It is there, and this process may not read it.
    case unreadable = 2
    /// The file that a followed link leads to.
    case linked = 3
  }

  // A record: size, modified, changed, inode (8 bytes each), form (1), length of the name (2), the name. What
  // the hash of an entry covers is the record itself.
  private static let headerBytes = 35
  private let records = RawBuffer(capacity: 16 * 1024)
  private let offsets = RawBuffer(capacity: 1024)
  let folders = NameList()
  /// Filled only where names are all that is asked.
  let links = NameList()

  /// The sum over all entries; the same for the same entries, whatever their order.
  private(set) var fingerprint = Hash128.zero
  var tally = Tally()
  /// Entries that the folder holds, the excluded ones too.
  var rawEntries = 0
  var errors = JSONWriter()

  var count: Int { offsets.count / 4 }
  /// Bytes of memory in use, about.
  var cost: Int { records.count + offsets.count + 256 }

  func clear() {
    records.removeAll()
    offsets.removeAll()
    folders.removeAll()
    links.removeAll()
    fingerprint = .zero
    tally = Tally()
    rawEntries = 0
    errors.removeAll()
  }

  func add(_ facts: FileFacts, form: Form, name: UnsafeRawBufferPointer) {
    offsets.append(UInt32(records.count))
    let size = Self.headerBytes + name.count
    let record = records.extend(by: size)
    record.storeBytes(of: facts.size, as: UInt64.self)
    record.storeBytes(of: facts.modified, toByteOffset: 8, as: Int64.self)
    record.storeBytes(of: facts.changed, toByteOffset: 16, as: Int64.self)
    record.storeBytes(of: facts.inode, toByteOffset: 24, as: UInt64.self)
    record.storeBytes(of: form.rawValue, toByteOffset: 32, as: UInt8.self)
    record.storeBytes(of: UInt16(name.count), toByteOffset: 33, as: UInt16.self)
    if let start = name.baseAddress {
      (record + Self.headerBytes).copyMemory(from: start, byteCount: name.count)
    }
    fingerprint.add(Hash128(of: UnsafeRawBufferPointer(start: record, count: size)))
  }

  /// Notes an item error.
  ///
  /// - Parameter name: a name within the folder; empty for the folder itself.
  func fail(
    _ type: LibraryError, folder: [UInt8], name: UnsafeRawBufferPointer, _ message: String
  ) {
    tally.errors += 1
    errors.raw("{\"path\":")
    errors.path(folder: folder, name: name)
    errors.raw(",\"type\":")
    errors.string(type.rawValue)
    errors.raw(",\"message\":")
    errors.string(message)
    errors.raw("},")
  }

  func name(at index: Int) -> UnsafeRawBufferPointer { recordName(offsets.uint32(at: index)) }

  func facts(at index: Int) -> FileFacts {
    let record = records.base + Int(offsets.uint32(at: index))
    return FileFacts(
      size: record.loadUnaligned(as: UInt64.self),
      modified: record.loadUnaligned(fromByteOffset: 8, as: Int64.self),
      changed: record.loadUnaligned(fromByteOffset: 16, as: Int64.self),
      inode: record.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
  }

  func form(at index: Int) -> Form {
    let record = records.base + Int(offsets.uint32(at: index))
    return Form(rawValue: record.load(fromByteOffset: 32, as: UInt8.self)) ?? .unreadable
  }

  /// Puts the files into the order of their names' bytes.
  func sort() {
    UnsafeMutableRawBufferPointer(start: offsets.base, count: offsets.count)
      .withMemoryRebound(to: UInt32.self) { offsets in
        var offsets = offsets
        offsets.sort { compareBytes(recordName($0), recordName($1)) < 0 }
      }
  }

  private func recordName(_ offset: UInt32) -> UnsafeRawBufferPointer {
    let record = records.base + Int(offset)
    let length = Int(record.loadUnaligned(fromByteOffset: 33, as: UInt16.self))
    return UnsafeRawBufferPointer(start: record + Self.headerBytes, count: length)
  }
}

/// Names of one folder, gathered in one block.
final class NameList: @unchecked Sendable {  // Handed from one thread to the next, never shared.
  private let names = RawBuffer(capacity: 1024)
  private let offsets = RawBuffer(capacity: 64)

  func add(_ name: UnsafeRawBufferPointer) {
    offsets.append(UInt32(names.count))
    names.append(name)
    names.append(UInt8(0))
  }

  func removeAll() {
    names.removeAll()
    offsets.removeAll()
  }

  /// In the order of their bytes, each followed by a zero byte.
  func sorted() -> [UInt8] {
    UnsafeMutableRawBufferPointer(start: offsets.base, count: offsets.count)
      .withMemoryRebound(to: UInt32.self) { offsets in
        var offsets = offsets
        if offsets.count > 1 { offsets.sort { strcmp(name($0), name($1)) < 0 } }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(names.count)
        for offset in offsets {
          sorted.append(
            contentsOf: UnsafeRawBufferPointer(start: name(offset), count: strlen(name(offset)) + 1)
          )
        }
        return sorted
      }
  }

  private func name(_ offset: UInt32) -> UnsafePointer<CChar> {
    UnsafePointer((names.base + Int(offset)).assumingMemoryBound(to: CChar.self))
  }
}

/// The order of two names by their bytes: negative, zero or positive.
func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let shared = min(left.count, right.count)
  if shared > 0, let first = left.baseAddress, let second = right.baseAddress {
    let order = memcmp(first, second, shared)
    if order != 0 { return Int(order) }
  }
  return left.count - right.count
}
