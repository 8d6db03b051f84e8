import HoldfastCore

/// Upserts items and item errors and says by how much the counters change.
enum ItemWriter {
  /// - Returns: for each scan, what to add to its counters so that they stay exact: an item reported again counts once, under
  ///   its newest change.
  static func write(
    _ reports: [AttemptReport], held: [ScanID: Fence.Held], _ connection: any SQLConnection
  ) throws(StoreError) -> [ScanID: ItemCounts] {
    var changes: [Int64: ItemCounts] = [:]
    try writeItems(reports, held, &changes, connection)
    try writeErrors(reports, held, &changes, connection)
    var result: [ScanID: ItemCounts] = [:]
    for (id, scan) in held { result[id] = changes[scan.number] }
    return result
  }

  // MARK: Items

  private struct Key: Hashable {
    var scan: Int64
    var key: ExactText
  }

  private static func writeItems(
    _ reports: [AttemptReport], _ held: [ScanID: Fence.Held],
    _ changes: inout [Int64: ItemCounts], _ connection: any SQLConnection
  ) throws(StoreError) {
    // A key reported twice in one transaction is written once, as it was reported last.
    var position: [Key: Int] = [:]
    var keys: [Key] = []
    var items: [Item] = []
    for report in reports {
      guard let scan = held[report.lease.scanID]?.number else { continue }
      for item in report.items {
        let key = Key(scan: scan, key: ExactText(indexKey(item.key)))
        if let known = position[key] {
          items[known] = item
        } else {
          position[key] = items.count
          keys.append(key)
          items.append(item)
        }
      }
    }
    guard !items.isEmpty else { return }

    let scans = Recordset.Column.ints(keys.map(\.scan))
    let texts = Recordset.Column.texts(keys.map(\.key.text))
    try connection.run(oldItems, [], rows: Recordset(scans, texts)) {
      (row: any SQLRow) throws(StoreError) in
      guard let change = Item.Change(rawValue: row.text(1)) else { return }
      changes[row.int(0), default: ItemCounts()][change] -= 1
    }
    for (key, item) in zip(keys, items) {
      changes[key.scan, default: ItemCounts()][item.change] += 1
    }
    try connection.run(
      upsertItems, [],
      rows: Recordset(
        scans, texts, .texts(items.map(\.type)), .texts(items.map(\.change.rawValue)),
        .texts(items.map(\.identity)), .jsons(items.map { $0.data?.storedText }),
        .texts(zip(keys, items).map { $0.key == ExactText($1.key) ? nil : $1.key })))
  }

  private static let oldItems = Statement { dialect in
    """
    SELECT scan_items.scan_id, scan_items.change
    FROM \(dialect.rows(RowShape(("scan_id", .int), ("key", .text)), from: 1))
    JOIN scan_items ON scan_items.scan_id = r.scan_id AND scan_items.key = r.key
    """
  }

  private static let itemShape = RowShape(
    ("scan_id", .int), ("key", .text), ("type", .text), ("change", .text),
    ("identity", .text), ("data", .json), ("long_key", .text))

  private static let upsertItems = Statement(forEach: itemShape) { dialect in
    """
    INSERT INTO scan_items (scan_id, key, type, change, identity, data, long_key)
    \(dialect.values(
      "r.scan_id, r.key, r.type, r.change, r.identity, r.data, r.long_key", of: itemShape))
    ON CONFLICT (scan_id, key) DO UPDATE SET
      type = excluded.type, change = excluded.change, identity = excluded.identity,
      data = excluded.data, long_key = excluded.long_key
    """
  }

  // MARK: Errors

  private struct ErrorKey: Hashable {
    var scan: Int64
    var path: ExactText
    var type: ExactText
  }

  private static func writeErrors(
    _ reports: [AttemptReport], _ held: [ScanID: Fence.Held],
    _ changes: inout [Int64: ItemCounts], _ connection: any SQLConnection
  ) throws(StoreError) {
    var position: [ErrorKey: Int] = [:]
    var keys: [ErrorKey] = []
    var errors: [ItemError] = []
    for report in reports {
      guard let scan = held[report.lease.scanID]?.number else { continue }
      for error in report.errors {
        let key = ErrorKey(
          scan: scan, path: ExactText(indexKey(error.path)),
          type: ExactText(indexKey(error.type)))
        if let known = position[key] {
          errors[known] = error
        } else {
          position[key] = errors.count
          keys.append(key)
          errors.append(error)
        }
      }
    }
    guard !errors.isEmpty else { return }

    for key in keys { changes[key.scan, default: ItemCounts()].errors += 1 }
    let scans = Recordset.Column.ints(keys.map(\.scan))
    let paths = Recordset.Column.texts(keys.map(\.path.text))
    let types = Recordset.Column.texts(keys.map(\.type.text))
    try connection.run(oldErrors, [], rows: Recordset(scans, paths, types)) {
      (row: any SQLRow) throws(StoreError) in
      changes[row.int(0), default: ItemCounts()].errors -= 1
    }
    try connection.run(
      upsertErrors, [],
      rows: Recordset(
        scans, paths, types, .texts(errors.map(\.path)), .texts(errors.map(\.message))))
  }

  private static let oldErrors = Statement { dialect in
    """
    SELECT scan_errors.scan_id
    FROM \(dialect.rows(
      RowShape(("scan_id", .int), ("path_key", .text), ("type", .text)), from: 1))
    JOIN scan_errors ON scan_errors.scan_id = r.scan_id
      AND scan_errors.path_key = r.path_key AND scan_errors.error_type = r.type
    """
  }

  private static let errorShape = RowShape(
    ("scan_id", .int), ("path_key", .text), ("type", .text), ("path", .text),
    ("message", .text))

  private static let upsertErrors = Statement(forEach: errorShape) { dialect in
    """
    INSERT INTO scan_errors (
      scan_id, path_key, error_type, file_path, error_message, created_at)
    \(dialect.values(
      "r.scan_id, r.path_key, r.type, r.path, r.message, \(dialect.now)", of: errorShape))
    ON CONFLICT (scan_id, path_key, error_type) DO UPDATE SET
      error_message = excluded.error_message
    """
  }
}

extension ItemCounts {
  /// The counter of a change.
  subscript(change: Item.Change) -> Int64 {
    get {
      switch change {
      case .added: added
      case .updated: updated
      case .removed: removed
      case .moved: moved
      case .found: found
      case .missing: missing
      }
    }
    set {
      switch change {
      case .added: added = newValue
      case .updated: updated = newValue
      case .removed: removed = newValue
      case .moved: moved = newValue
      case .found: found = newValue
      case .missing: missing = newValue
      }
    }
  }
}
