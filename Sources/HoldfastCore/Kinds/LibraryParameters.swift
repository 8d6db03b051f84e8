/// What a `library` scan can be told: the `params` of its request, in snake_case.
package struct LibraryParameters: Sendable, Hashable {
  /// Lower-case, without the dot, sorted. Files with another extension are `invalid_extension`; `nil` allows all.
  package var allowedExtensions: [String]?
  /// Larger files are `oversized`; `nil` allows all.
  package var maxSizeBytes: Int?
  /// Whether links that stay beneath the root are followed.
  package var followLinks: Bool
  /// Whether files' contents are read and hashed (XXH3-128).
  package var hash: Bool
  /// Globs. One without `/` is matched with each name, one with `/` with the path below the root; one that ends in `/` only with folders. What
  /// matches is passed over, folders with all that is below.
  package var exclude: [String]
  /// Whether more than half of the library may disappear in one scan.
  package var allowRemoval: Bool

  package static let names = [
    "allow_removal", "allowed_extensions", "exclude", "follow_links", "hash", "max_size_bytes",
  ]

  package init(
    allowedExtensions: [String]? = nil, maxSizeBytes: Int? = nil, followLinks: Bool = false,
    hash: Bool = false, exclude: [String] = [], allowRemoval: Bool = false
  ) {
    self.allowedExtensions = allowedExtensions
    self.maxSizeBytes = maxSizeBytes
    self.followLinks = followLinks
    self.hash = hash
    self.exclude = exclude
    self.allowRemoval = allowRemoval
  }

  package init(json: JSONValue) throws(ParameterError) {
    let reader = try ParameterReader(json, known: Self.names)
    self.init(
      allowedExtensions: try Self.extensions(try reader.texts("allowed_extensions")),
      maxSizeBytes: try reader.wholeNumber("max_size_bytes", atLeast: 1),
      followLinks: try reader.flag("follow_links") ?? false,
      hash: try reader.flag("hash") ?? false,
      exclude: try Self.patterns(try reader.texts("exclude") ?? []),
      allowRemoval: try reader.flag("allow_removal") ?? false)
  }

  /// The canonical form: what differs from the defaults, names sorted by JSON's encoder.
  package var json: JSONValue {
    var members: [String: JSONValue] = [:]
    if let allowedExtensions {
      members["allowed_extensions"] = .array(allowedExtensions.map(JSONValue.string))
    }
    if let maxSizeBytes { members["max_size_bytes"] = .int(Int64(maxSizeBytes)) }
    if followLinks { members["follow_links"] = true }
    if hash { members["hash"] = true }
    if !exclude.isEmpty { members["exclude"] = .array(exclude.map(JSONValue.string)) }
    if allowRemoval { members["allow_removal"] = true }
    return .object(members)
  }

  private static func extensions(_ texts: [String]?) throws(ParameterError) -> [String]? {
    guard let texts else { return nil }
    if texts.isEmpty {
      throw .badValue(
        field: "params.allowed_extensions",
        problem: "is an empty list, which would refuse every file; leave it out to allow all")
    }
    var extensions: Set<String> = []
    for (index, text) in texts.enumerated() {
      let bare = text.hasPrefix(".") ? text.dropFirst() : text[...]
      let isPlain = !bare.isEmpty && !bare.utf8.contains { $0 == 0x2F || $0 <= 0x20 || $0 == 0x7F }
      guard isPlain, bare.utf8.last != 0x2E else {
        throw .badValue(
          field: "params.allowed_extensions[\(index)]",
          problem: "is “\(text)”; it must be a file name's ending, such as mp4")
      }
      extensions.insert(bare.lowercased())
    }
    return extensions.sorted()
  }

  private static func patterns(_ texts: [String]) throws(ParameterError) -> [String] {
    for (index, text) in texts.enumerated() {
      if text.allSatisfy({ $0 == "/" }) || text.utf8.contains(0) {
        throw .badValue(
          field: "params.exclude[\(index)]",
          problem: "is “\(text)”; it must be a pattern, such as *.tmp or drafts/*")
      }
    }
    return texts
  }
}
