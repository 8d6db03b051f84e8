import HoldfastCore
import HoldfastStorage

// Which scans are meant, as addresses of the API and of the pages say it.

extension Query {
  /// `search`: a part of the target, or a number. An empty one asks for nothing.
  func search() throws(Problem) -> String? {
    guard let text = try text("search", most: 200)?.trimmed, !text.isEmpty else { return nil }
    return text
  }

  func doubt() throws(Problem) -> ScanDoubt? {
    guard let text = self["verdict"], !text.isEmpty else { return nil }
    return try ScanDoubt.named(text, field: "verdict")
  }

  /// `sort`: a column, with `-` ahead for the opposite direction; the newest first unless told.
  func order() throws(Problem) -> ScanOrder {
    guard let text = self["sort"], !text.isEmpty else { return .newestFirst }
    guard let order = ScanOrder(name: text) else {
      throw .unknownValue(text, field: "sort", known: ScanOrder.names)
    }
    return order
  }
}

extension ScanDoubt {
  static func named(_ text: String, field: String) throws(Problem) -> ScanDoubt {
    guard let doubt = ScanDoubt(text) else {
      throw .unknownValue(text, field: field, known: names)
    }
    return doubt
  }
}

extension ScanOrder {
  /// Reads ``name``.
  init?(name: String) {
    let isDescending = name.hasPrefix("-")
    guard let column = Column(rawValue: isDescending ? String(name.dropFirst()) : name) else {
      return nil
    }
    self.init(column, isDescending: isDescending)
  }

  /// `target`, or `-target` for descending.
  var name: String { (isDescending ? "-" : "") + column.rawValue }

  static let names = Column.allCases.flatMap { [$0.rawValue, "-\($0.rawValue)"] }
}
