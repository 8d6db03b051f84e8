import HoldfastCore

/// The condition that a scan is active, word for word as in the indexes of active scans.
///
/// - Parameter table: the name or alias of `scans` in the statement; none where it is the only table.
func isActive(_ table: String? = nil) -> String {
  anyOf(
    table.map { "\($0).status" } ?? "status",
    ScanStatus.allCases.filter(\.isActive).map(\.rawValue))
}

/// The condition that a column has one of these values, as a chain of comparisons.
///
/// An `IN` list would say the same. But for a list of three or more SQLite builds a table each time that a statement runs: in
/// a check or the predicate of an index that is once for every row written, and measured, it cost four fifths of the time
/// of a claim and its completion. SQLite sees that a chain implies an index's predicate only where both are the same, or the
/// statement asks for one of the values.
func anyOf(_ column: String, _ values: [String]) -> String {
  "(\(values.map { "\(column) = '\($0)'" }.joined(separator: " OR ")))"
}
