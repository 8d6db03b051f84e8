import HoldfastCore

/// The answers of `/api/scanner/*`, with the very keys of the library scanner that they come from.
/// They are made as JSON values because a key whose value is null must be there.
enum ScannerShapes {
  /// How many of a scan's errors a history entry holds at most.
  static let mostErrors = 100

  /// The answer to `POST /api/scanner/scan`: the outcome, or how far it has come.
  static func result(_ scan: Scan) -> JSONValue {
    let counts = scan.counts
    return [
      "success": .bool(scan.status != .failed && scan.status != .cancelled),
      "message": .string(message(scan)),
      "categories_found": count("categories_found", scan),
      "courses_found": count("courses_found", scan),
      "files_added": .int(counts.added),
      "files_updated": .int(counts.updated),
      "files_removed": .int(counts.removed),
      "errors_count": .int(counts.errors),
      "scan_id": .int(scan.number),
      "status": .string(scan.status.rawValue),
    ]
  }

  /// One entry of the history. `last_scan` of the status has `error_message` besides.
  static func entry(_ scan: Scan, errors: [ScanErrorRecord]) -> [String: JSONValue] {
    let counts = scan.counts
    return [
      "id": .int(scan.number),
      "started_by_id": startedByID(scan),
      "started_at": .string(scan.shownStart.plain),
      "completed_at": text(scan.endedAt?.plain),
      "status": .string(scan.status.rawValue),
      "root_path": .string(scan.target),
      "categories_found": count("categories_found", scan),
      "courses_found": count("courses_found", scan),
      "files_added": .int(counts.added),
      "files_updated": .int(counts.updated),
      "files_removed": .int(counts.removed),
      "errors_count": .int(counts.errors),
      "message": .string(message(scan)),
      "errors": .array(errors.map(error)),
    ]
  }

  static func lastScan(_ scan: Scan, errors: [ScanErrorRecord]) -> JSONValue {
    var entry = entry(scan, errors: errors)
    entry["error_message"] = text(scan.errorMessage)
    return .object(entry)
  }

  /// The answer to `GET /api/scanner/status`.
  static func status(current: Scan?, lastScan: JSONValue) -> JSONValue {
    [
      "is_scanning": .bool(current != nil),
      "current_scan_id": current.map { .int($0.number) } ?? .null,
      "status": current.map { .string($0.status.rawValue) } ?? .null,
      "started_at": text(current?.shownStart.plain),
      "locked_by_id": current.map(startedByID) ?? .null,
      "last_scan": lastScan,
    ]
  }

  /// One sentence on where a library scan stands, as the library scanner words it.
  static func message(_ scan: Scan) -> String {
    switch scan.status {
    case .completed: "Scan completed successfully"
    case .partial: ScannerWords.completedWithErrors(scan.counts.errors)
    case .failed: "Scan failed" + (scan.errorMessage.map { ": \($0)" } ?? "")
    case .cancelled: "Scan cancelled"
    case .pending: "Scan pending"
    case .running: "Scan in progress"
    case .paused: "Scan paused"
    }
  }

  private static func error(_ record: ScanErrorRecord) -> JSONValue {
    [
      "file_path": .string(record.filePath),
      "error_type": .string(record.errorType),
      "error_message": .string(record.errorMessage),
    ]
  }

  private static func count(_ name: String, _ scan: Scan) -> JSONValue {
    .int(scan.summary[name]?.intValue ?? 0)
  }

  /// The library scanner names users by number; Holdfast by name, which is no number and shows as
  /// null.
  private static func startedByID(_ scan: Scan) -> JSONValue {
    scan.createdBy.flatMap(Int64.init).map(JSONValue.int) ?? .null
  }

  private static func text(_ text: String?) -> JSONValue {
    text.map(JSONValue.string) ?? .null
  }
}

enum ScannerWords {
  static func completedWithErrors(_ count: Int64) -> String {
    "Scan completed with \(count) \(count == 1 ? "error" : "errors")"
  }
}
