import CLibpq
import HoldfastCore

/// Parameters in PostgreSQL's binary formats, ready for libpq: all in one buffer.
struct PostgresParameters {
  private(set) var types: [Oid] = []
  private var bytes: [UInt8] = []
  /// Where each value is in `bytes`; `nil` for a null.
  private var places: [Range<Int>?] = []

  init(_ values: [SQLValue], rows: Recordset?) {
    for value in values { append(value) }
    for column in rows?.columns ?? [] { append(column) }
  }

  /// Calls `body` with the arrays that libpq takes: count, values, lengths and formats.
  func withLibpqArrays<T>(
    _ body: (CInt, [UnsafePointer<CChar>?], [CInt], [CInt]) -> T
  ) -> T {
    bytes.withUnsafeBytes { buffer in
      // An empty buffer has no address, and libpq takes no address for a null.
      let start = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 8)
      let values = places.map { place in
        place.flatMap { start?.advanced(by: $0.lowerBound).assumingMemoryBound(to: CChar.self) }
      }
      let lengths = places.map { CInt($0?.count ?? 0) }
      return body(
        CInt(places.count), values, lengths, Array(repeating: 1, count: places.count))
    }
  }

  // MARK: One value

  private mutating func append(_ value: SQLValue) {
    let start = bytes.count
    let isNull: Bool
    switch value {
    case .bool(let value):
      types.append(ColumnType.bool.oid)
      isNull = value == nil
      if let value { put(value) }
    case .int(let value):
      types.append(ColumnType.int.oid)
      isNull = value == nil
      if let value { put(value) }
    case .double(let value):
      types.append(ColumnType.double.oid)
      isNull = value == nil
      if let value { put(value.bitPattern) }
    case .text(let value):
      types.append(ColumnType.text.oid)
      isNull = value == nil
      if let value { put(value) }
    case .json(let value):
      types.append(ColumnType.json.oid)
      isNull = value == nil
      if let value { put(value) }
    case .blob(let value):
      types.append(ColumnType.blob.oid)
      isNull = value == nil
      if let value { bytes.append(contentsOf: value) }
    case .uuid(let value):
      types.append(ColumnType.uuid.oid)
      isNull = value == nil
      if let value { put(value) }
    case .time(let value):
      types.append(ColumnType.time.oid)
      isNull = value == nil
      if let value { put(value) }
    }
    places.append(isNull ? nil : start..<bytes.count)
  }

  // MARK: An array for a column

  private mutating func append(_ column: Recordset.Column) {
    switch column {
    case .bools(let values): append(values, .bool) { $0.put($1) }
    case .ints(let values): append(values, .int) { $0.put($1) }
    case .doubles(let values): append(values, .double) { $0.put($1.bitPattern) }
    case .texts(let values): append(values, .text) { $0.put($1) }
    case .jsons(let values): append(values, .json) { $0.put($1) }
    case .blobs(let values): append(values, .blob) { $0.bytes.append(contentsOf: $1) }
    case .uuids(let values): append(values, .uuid) { $0.put($1) }
    case .times(let values): append(values, .time) { $0.put($1) }
    }
  }

  /// An array of one dimension: dimensions, whether there are nulls, the element's type, length, lower bound; then each
  /// element with its length, −1 for a null.
  private mutating func append<Value>(
    _ values: [Value?], _ type: ColumnType, _ put: (inout Self, Value) -> Void
  ) {
    types.append(type.arrayOID)
    let start = bytes.count
    bytes.reserveCapacity(start + 20 + values.count * 24)
    self.put(Int32(values.isEmpty ? 0 : 1))
    self.put(Int32(1))
    self.put(Int32(bitPattern: type.oid))
    if !values.isEmpty {
      self.put(Int32(values.count))
      self.put(Int32(1))
    }
    for value in values {
      guard let value else {
        self.put(Int32(-1))
        continue
      }
      let lengthAt = bytes.count
      self.put(Int32(0))
      put(&self, value)
      let length = UInt32(bytes.count - lengthAt - 4).bigEndian
      withUnsafeBytes(of: length) { raw in
        for offset in 0..<4 { bytes[lengthAt + offset] = raw[offset] }
      }
    }
    places.append(start..<bytes.count)
  }

  // MARK: Formats

  private mutating func put<Number: FixedWidthInteger>(_ value: Number) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }

  private mutating func put(_ value: String) {
    bytes.append(contentsOf: value.withoutNUL.utf8)
  }

  private mutating func put(_ value: ScanID) {
    put(value.high)
    put(value.low)
  }

  private mutating func put(_ value: Timestamp) {
    put(value.unixMilliseconds * 1000 - postgresEpochMicroseconds)
  }
}

/// PostgreSQL counts microseconds from 2000-01-01 00:00 UTC.
let postgresEpochMicroseconds: Int64 = 946_684_800_000_000

extension ColumnType {
  /// From `pg_type.dat`; these never change.
  var oid: Oid {
    switch self {
    case .bool: 16
    case .blob: 17
    case .int: 20
    case .text: 25
    case .json: 114
    case .double: 701
    case .time: 1184
    case .uuid: 2950
    }
  }

  var arrayOID: Oid {
    switch self {
    case .json: 199
    case .bool: 1000
    case .blob: 1001
    case .text: 1009
    case .int: 1016
    case .double: 1022
    case .time: 1185
    case .uuid: 2951
    }
  }
}
