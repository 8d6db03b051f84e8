/// Something a scan produced: a file, a finding, a tender, a package. Upserted by (scan, key), so that reporting one twice
/// changes nothing.
package struct Item: Hashable, Sendable, Codable {
  /// What happened to the thing since the previous scan of the same target.
  package enum Change: String, Codable, Sendable, CaseIterable {
    case added
    case updated
    case removed
    /// The same thing under another key; `data.from` holds the old one.
    case moved
    /// Not where it was. Settled at the scan's end: `moved` if an added item has the same identity, else `removed`. Not counted.
    case missing
    /// Found, for kinds that do not compare with an earlier scan.
    case found
  }

  /// Unique within the scan: a path, a URL.
  package var key: String
  /// `file`, `page`, …
  package var type: String
  package var change: Change
  /// What stays the same when the thing moves; equal identities of a missing and an added item make a move.
  package var identity: String?
  /// Further facts; its shape is the kind's own.
  package var data: JSONValue?

  package init(
    key: String, type: String, change: Change, identity: String? = nil, data: JSONValue? = nil
  ) {
    self.key = key
    self.type = type
    self.change = change
    self.identity = identity
    self.data = data
  }
}

/// Something in a scan that went wrong without ending it. Upserted by (scan, path, type).
package struct ItemError: Hashable, Sendable, Codable {
  /// What it concerns: a file's path, a URL.
  package var path: String
  /// A stable name of the fault, such as `permission_denied`.
  package var type: String
  /// One sentence for an operator.
  package var message: String

  package init(path: String, type: String, message: String) {
    self.path = path
    self.type = type
    self.message = message
  }
}

/// How many items of each change a scan holds; kept in the same transaction as the items.
package struct ItemCounts: Hashable, Sendable, Codable {
  package var added: Int64 = 0
  package var updated: Int64 = 0
  package var removed: Int64 = 0
  package var moved: Int64 = 0
  package var found: Int64 = 0
  package var missing: Int64 = 0
  package var errors: Int64 = 0

  package init(
    added: Int64 = 0, updated: Int64 = 0, removed: Int64 = 0, moved: Int64 = 0,
    found: Int64 = 0, missing: Int64 = 0, errors: Int64 = 0
  ) {
    self.added = added
    self.updated = updated
    self.removed = removed
    self.moved = moved
    self.found = found
    self.missing = missing
    self.errors = errors
  }
}
