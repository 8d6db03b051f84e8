import HoldfastCore

/// Writes what a folder's comparison found: items for what is different, and the folder's new listing.
struct FolderReport {
  private let partID: Baseline.PartID
  private let sum: Hash128
  private let identifiesByHash: Bool
  private let waitsForHashes: Bool
  private let output: RunnerOutput
  private let escapedFolder: [UInt8]
  private var listing: ListingWriter
  private var items = JSONWriter()
  private var segments: [[UInt8]] = []
  private var segmentsSent = 0

  /// Items of one folder leave at this size, so that a giant folder does not gather them all.
  private static let itemBytes = 48 * 1024

  /// - Parameters:
  ///   - folder: the path under which its files are reported.
  ///   - sum: the folder's fingerprint as it was read.
  ///   - waitsForHashes: hold the listing back to the end, since its fingerprint says whether every file was hashed.
  init(
    folder: [UInt8], sum: Hash128, identifiesByHash: Bool, waitsForHashes: Bool,
    output: RunnerOutput
  ) {
    partID = Hash128(of: folder).partID
    self.sum = sum
    self.identifiesByHash = identifiesByHash
    self.waitsForHashes = waitsForHashes
    self.output = output
    escapedFolder = JSONWriter.escapedFolder(folder)
    listing = ListingWriter(folder: folder)
  }

  /// Lists a file of which there is nothing to say.
  mutating func keep(_ file: ListedFile, mustBeHashed: Bool = true) {
    listing.add(file, mustBeHashed: mustBeHashed)
    sendSegments(isUnsettled: false)
  }

  mutating func change(_ change: Item.Change, _ file: ListedFile, from old: ListedFile?) {
    item(change, file, from: old)
    keep(file)
  }

  mutating func missing(_ old: ListedFile) { item(.missing, old, from: nil) }

  /// - Parameters:
  ///   - isInBaseline: whether there is an older listing that an empty one has to take the place of.
  mutating func finish(isInBaseline: Bool, isUnsettled: Bool) {
    output.append(items.bytes, to: .items)
    items.removeAll()
    listing.endSegment()
    sendSegments(isUnsettled: isUnsettled, isAtEnd: true)
    if listing.count == 0, isInBaseline { send(segment: nil, .zero) }
  }

  private mutating func sendSegments(isUnsettled: Bool, isAtEnd: Bool = false) {
    segments += listing.takeFinishedSegments()
    guard !segments.isEmpty, isAtEnd || !waitsForHashes else { return }
    let fingerprint = FolderFingerprint.stored(
      sum, isHashed: waitsForHashes && listing.isEveryFileHashed, isUnsettled: isUnsettled)
    for segment in segments { send(segment: segment, fingerprint) }
    segments = []
  }

  private mutating func send(segment: [UInt8]?, _ fingerprint: Hash128) {
    var writer = JSONWriter(capacity: (segment?.count ?? 0) * 4 / 3 + 128)
    writer.raw("{\"id\":")
    writer.base64(partID)
    writer.raw(",\"segment\":")
    writer.integer(segmentsSent)
    writer.raw(",\"fingerprint\":")
    writer.base64(fingerprint.partID)
    if let segment {
      writer.raw(",\"content\":")
      segment.withUnsafeBytes { writer.base64($0) }
    }
    writer.raw("},")
    output.append(writer.bytes, to: .writes)
    segmentsSent += 1
  }

  private mutating func item(_ change: Item.Change, _ file: ListedFile, from old: ListedFile?) {
    items.raw("{\"key\":")
    items.path(escapedFolder: escapedFolder, name: file.name)
    items.raw(",\"type\":\"file\",\"change\":")
    items.string(change.rawValue)
    items.raw(",\"identity\":\"")
    identity(of: file)
    items.raw("\",\"data\":{")
    facts(file.facts)
    if let hash = file.hash {
      items.raw(",\"xxh3_128\":\"")
      items.hex(hash)
      items.raw("\"")
    }
    if let old {
      items.raw(",\"previous\":{")
      facts(old.facts)
      items.raw("}")
    }
    items.raw("}},")
    guard items.bytes.count >= Self.itemBytes else { return }
    output.append(items.bytes, to: .items)
    items.removeAll()
  }

  private mutating func identity(of file: ListedFile) {
    if identifiesByHash, let hash = file.hash {
      items.raw("xxh3:")
      items.hex(hash)
      items.raw(":")
      items.integer(file.facts.size)
    } else {
      items.integer(file.facts.inode)
      items.raw(":")
      items.integer(file.facts.size)
      items.raw(":")
      items.integer(file.facts.modified)
    }
  }

  private mutating func facts(_ facts: FileFacts) {
    items.raw("\"size\":")
    items.integer(facts.size)
    items.raw(",\"mtime\":\"")
    items.raw(facts.modifiedAt.description.utf8)
    items.raw("\"")
  }
}

extension JSONWriter {
  mutating func hex(_ hash: Hash128) {
    for word in [hash.high, hash.low] {
      for shift in stride(from: 56, through: 0, by: -8) {
        hex(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
  }

  mutating func base64(_ id: Baseline.PartID) {
    id.bytes.withUnsafeBytes { base64($0) }
  }
}
