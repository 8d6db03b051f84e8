import GRDBSQLite
import HoldfastCore

/// The row at which a SQLite statement stands.
final class SQLiteRow: SQLRow {
  private let handle: OpaquePointer
  private(set) var fault: String?

  init(_ handle: OpaquePointer) {
    self.handle = handle
  }

  func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL }
  func bool(_ column: Int) -> Bool { sqlite3_column_int64(handle, CInt(column)) != 0 }
  func int(_ column: Int) -> Int64 { sqlite3_column_int64(handle, CInt(column)) }
  func double(_ column: Int) -> Double { sqlite3_column_double(handle, CInt(column)) }

  func text(_ column: Int) -> String {
    withText(column) { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ column: Int) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, CInt(column)) else { return [] }
    let count = Int(sqlite3_column_bytes(handle, CInt(column)))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  func uuid(_ column: Int) -> ScanID {
    withText(column) { bytes in
      if let id = ScanID(utf8: bytes) { return id }
      refuse(column, because: "“\(String(decoding: bytes, as: UTF8.self))” is not a UUID")
      return ScanID(high: 0, low: 0)
    }
  }

  func time(_ column: Int) -> Timestamp {
    withText(column) { bytes in
      if let time = Timestamp(canonical: bytes) { return time }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let time = Timestamp(text) else {
        refuse(column, because: "“\(text)” is not a time such as 2026-08-23T06:45:00.000Z")
        return Timestamp(unixMilliseconds: 0)
      }
      return time
    }
  }

  func json(_ column: Int) -> JSONValue {
    withText(column) { bytes in
      if bytes.count == 2, bytes[0] == UInt8(ascii: "{") { return .object([:]) }
      guard let value = JSONValue(parsing: bytes) else {
        refuse(
          column, because: "“\(String(decoding: bytes.prefix(40), as: UTF8.self))” is not JSON")
        return .null
      }
      return value
    }
  }

  func refuse(_ column: Int, because reason: String) {
    let name = sqlite3_column_name(handle, CInt(column)).map { String(cString: $0) }
    fault = fault ?? "column \(name ?? "\(column)"): \(reason)"
  }

  private func withText<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> T) -> T {
    let start = sqlite3_column_text(handle, CInt(column))
    let count = Int(sqlite3_column_bytes(handle, CInt(column)))
    return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}

extension Timestamp {
  /// Reads exactly the form that ``description`` writes, 24 bytes, which is all that Holdfast itself stores; `nil` for
  /// another one.
  init?(canonical bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 24, bytes[23] == UInt8(ascii: "Z"), bytes[19] == UInt8(ascii: "."),
      bytes[10] == UInt8(ascii: "T"), bytes[4] == UInt8(ascii: "-"),
      bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":")
    else { return nil }
    var isValid = true
    func number(_ start: Int, _ count: Int) -> Int64 {
      var value: Int64 = 0
      for position in start..<start + count {
        let digit = bytes[position] &- 48
        if digit > 9 { isValid = false }
        value = value * 10 + Int64(digit & 15)
      }
      return value
    }
    let year = number(0, 4)
    let month = number(5, 2)
    let day = number(8, 2)
    let time = (number(11, 2) * 60 + number(14, 2)) * 60 + number(17, 2)
    let milliseconds = number(20, 3)
    guard isValid, (1...12).contains(month), (1...31).contains(day) else { return nil }
    // Howard Hinnant's `days_from_civil`.
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    self.init(unixMilliseconds: (days * 86_400 + time) * 1000 + milliseconds)
  }
}
