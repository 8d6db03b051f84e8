import HoldfastCore

/// The opaque marks between pages: the hexadecimal digits of what the last row is ordered by.
enum Cursor {
  static func encode(_ text: String) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: text.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }

  static func encode(_ number: Int64) -> String { encode(String(number)) }

  static func decodeText(_ cursor: String) throws(StoreError) -> String {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in cursor.utf8 {
      guard let digit = Character(Unicode.Scalar(character)).hexDigitValue.map(UInt8.init)
      else { throw .badCursor(cursor) }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    // No text of a row has a zero byte, and PostgreSQL would refuse it.
    guard high == nil, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self)
    else {
      throw .badCursor(cursor)
    }
    return text
  }

  static func decodeNumber(_ cursor: String) throws(StoreError) -> Int64 {
    guard let number = Int64(try decodeText(cursor)) else { throw .badCursor(cursor) }
    return number
  }
}

extension Page {
  /// A page of rows of which one more than `limit` was asked for, to know whether there is a next page.
  init(_ rows: [Row], limit: Int, cursor: (Row) -> String) {
    let items = Array(rows.prefix(limit))
    self.init(
      items: items, nextCursor: rows.count > limit ? items.last.map(cursor) : nil)
  }
}
