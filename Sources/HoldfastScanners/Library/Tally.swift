import HoldfastCore

/// What a walk counts. Each folder makes one of its own, which is added once the folder is done and reported, so that a checkpoint
/// counts exactly what it covers.
struct Tally: Hashable, Sendable {
  /// Everything that folders hold and that is not excluded: files, folders, links and the rest.
  var entries: Int64 = 0
  var files: Int64 = 0
  var bytes: Int64 = 0
  var folders: Int64 = 0
  /// Folders in the root, and folders in those.
  var categories: Int64 = 0
  var courses: Int64 = 0
  /// Files whose times changed and nothing else.
  var touched: Int64 = 0
  /// Files of the previous scan that could not be looked at, and stay as they were.
  var kept: Int64 = 0
  /// Files of the previous scan that are not where they were; settled at the end.
  var missing: Int64 = 0
  var errors: Int64 = 0

  private static let fields: [(name: String, path: any WritableKeyPath<Tally, Int64> & Sendable)] =
    [
      ("entries_seen", \.entries), ("files_seen", \.files), ("bytes_seen", \.bytes),
      ("folders_seen", \.folders), ("categories_found", \.categories), ("courses_found", \.courses),
      ("files_touched", \.touched), ("files_kept", \.kept), ("files_missing", \.missing),
      ("errors_found", \.errors),
    ]

  init() {}

  init(json: JSONValue) {
    for field in Self.fields { self[keyPath: field.path] = json[field.name]?.intValue ?? 0 }
  }

  var json: [String: JSONValue] {
    Dictionary(uniqueKeysWithValues: Self.fields.map { ($0.name, .int(self[keyPath: $0.path])) })
  }

  static func += (left: inout Tally, right: Tally) {
    left.entries += right.entries
    left.files += right.files
    left.bytes += right.bytes
    left.folders += right.folders
    left.categories += right.categories
    left.courses += right.courses
    left.touched += right.touched
    left.kept += right.kept
    left.missing += right.missing
    left.errors += right.errors
  }
}
