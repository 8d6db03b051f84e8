import CLibpq
import HoldfastCore

/// One row of a result in PostgreSQL's binary formats. Used for all rows of a result, one after the other.
final class PostgresRow: SQLRow {
  private let result: OpaquePointer
  private let libpq: UnsafePointer<hf_libpq>
  var index: CInt = 0
  private(set) var fault: String?

  init(_ result: OpaquePointer, _ libpq: UnsafePointer<hf_libpq>) {
    self.result = result
    self.libpq = libpq
  }

  func isNull(_ column: Int) -> Bool { libpq.pointee.PQgetisnull(result, index, CInt(column)) != 0 }

  func bool(_ column: Int) -> Bool { value(column).first ?? 0 != 0 }

  /// Of two, four or eight bytes.
  func int(_ column: Int) -> Int64 {
    let bytes = value(column)
    switch bytes.count {
    case 8: return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    case 4: return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case 2: return Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case 0: return 0
    default:
      refuse(column, because: "not an integer")
      return 0
    }
  }

  func double(_ column: Int) -> Double {
    let bytes = value(column)
    guard bytes.count == 8 else {
      refuse(column, because: "not a double precision number")
      return 0
    }
    return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
  }

  func text(_ column: Int) -> String { String(decoding: value(column), as: UTF8.self) }

  func bytes(_ column: Int) -> [UInt8] { Array(value(column)) }

  func uuid(_ column: Int) -> ScanID {
    let bytes = value(column)
    guard bytes.count == 16 else {
      refuse(column, because: "not a UUID")
      return ScanID(high: 0, low: 0)
    }
    return ScanID(
      high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  /// Rounded down to the millisecond.
  func time(_ column: Int) -> Timestamp {
    let microseconds = int(column)
    // `infinity` and `-infinity`, which only a hand can have written.
    guard microseconds != .max, microseconds != .min else {
      refuse(column, because: "an infinite time")
      return Timestamp(unixMilliseconds: 0)
    }
    let unix = microseconds + postgresEpochMicroseconds
    return Timestamp(unixMilliseconds: unix / 1000 - (unix % 1000 < 0 ? 1 : 0))
  }

  func json(_ column: Int) -> JSONValue {
    let bytes = value(column)
    if bytes.count == 2, bytes[0] == UInt8(ascii: "{") { return .object([:]) }
    guard let value = JSONValue(parsing: bytes) else {
      refuse(column, because: "not JSON that Holdfast reads")
      return .null
    }
    return value
  }

  func refuse(_ column: Int, because reason: String) {
    let name = libpq.pointee.PQfname(result, CInt(column)).map { String(cString: $0) }
    fault = fault ?? "column \(name ?? "\(column)"): \(reason)"
  }

  private func value(_ column: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: libpq.pointee.PQgetvalue(result, index, CInt(column)),
      count: Int(libpq.pointee.PQgetlength(result, index, CInt(column))))
  }
}
