/// What a finished scan of a target leaves for the next one to compare with, in parts (a folder each, say). The store keeps
/// parts as opaque bytes; only the kind that wrote them reads them.
///
/// The parts that a scan writes are *staged* under it and become the target's baseline in the same transaction that ends
/// the scan `completed` or `partial`; a scan that ends otherwise leaves the baseline as it was.
package enum Baseline {
  /// 16 bytes that name a part: a hash of its name, made by the kind.
  package struct PartID: Hashable, Sendable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    package static func < (left: PartID, right: PartID) -> Bool {
      (left.high, left.low) < (right.high, right.low)
    }

    /// Big-endian, 16 bytes.
    package var bytes: [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
        + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
    }

    /// Reads 16 big-endian bytes; `nil` for another length.
    package init?(bytes: some Collection<UInt8>) {
      guard bytes.count == 16 else { return nil }
      high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
      low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  /// One part's name and fingerprint, without its content: 32 bytes on the wire, id first.
  package struct Entry: Hashable, Sendable {
    package var id: PartID
    /// 16 bytes; equal fingerprints mean equal content.
    package var fingerprint: PartID

    package init(id: PartID, fingerprint: PartID) {
      self.id = id
      self.fingerprint = fingerprint
    }
  }

  /// A write of one segment of a part. A part too large for one message is cut into segments, numbered from 0; writing
  /// segment 0 replaces all segments that the part had.
  package struct Write: Hashable, Sendable, Codable {
    package var id: String
    package var segment: Int
    /// Base64 of 16 bytes; the same for all segments of a part.
    package var fingerprint: String
    /// Base64 of the content; `nil` drops the part.
    package var content: String?

    package init(id: String, segment: Int, fingerprint: String, content: String?) {
      self.id = id
      self.segment = segment
      self.fingerprint = fingerprint
      self.content = content
    }
  }

  /// What the runner needs to know of the previous scan before it starts.
  package struct Summary: Hashable, Sendable, Codable {
    package var scanID: ScanID
    package var parts: Int64
    /// The `summary` that the previous scan finished with.
    package var summary: JSONValue

    package init(scanID: ScanID, parts: Int64, summary: JSONValue) {
      self.scanID = scanID
      self.parts = parts
      self.summary = summary
    }

    enum CodingKeys: String, CodingKey {
      case scanID = "scan_id"
      case parts, summary
    }
  }
}
