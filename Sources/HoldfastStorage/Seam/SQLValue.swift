package import HoldfastCore

/// The types that statements take and give. Both databases have one of each.
package enum ColumnType: Sendable {
  case bool, int, double, text, blob, uuid, time, json
}

/// One parameter of a statement. Each case holds an optional rather than there being one `null`, so that a parameter's type
/// never depends on its value: a prepared statement is told the types once.
package enum SQLValue: Sendable {
  case bool(Bool?)
  case int(Int64?)
  case double(Double?)
  case text(String?)
  case blob([UInt8]?)
  case uuid(ScanID?)
  case time(Timestamp?)
  /// A JSON text.
  case json(String?)
}

/// The columns of a ``Recordset``: what a statement that is written over many rows expects.
package struct RowShape: Sendable {
  let columns: [(name: String, type: ColumnType)]

  init(_ columns: (String, ColumnType)...) {
    self.columns = columns.map { (name: $0.0, type: $0.1) }
  }
}

/// Many rows for one statement, column by column. PostgreSQL gets them as one array for each column; SQLite, which has no
/// round trip to save, runs its prepared statement once for each row.
package struct Recordset: Sendable {
  package enum Column: Sendable {
    case bools([Bool?])
    case ints([Int64?])
    case doubles([Double?])
    case texts([String?])
    case blobs([[UInt8]?])
    case uuids([ScanID?])
    case times([Timestamp?])
    case jsons([String?])

    var count: Int {
      switch self {
      case .bools(let values): values.count
      case .ints(let values): values.count
      case .doubles(let values): values.count
      case .texts(let values), .jsons(let values): values.count
      case .blobs(let values): values.count
      case .uuids(let values): values.count
      case .times(let values): values.count
      }
    }
  }

  package let columns: [Column]
  package let count: Int

  init(_ columns: Column...) {
    self.columns = columns
    count = columns.first?.count ?? 0
    precondition(columns.allSatisfy { $0.count == count }, "columns of different lengths")
  }
}
