/// One worker's right to run one attempt of a scan. Every write of the attempt bears it, and the store refuses the write
/// once a later attempt has been given a larger token.
package struct Lease: Hashable, Sendable, Codable {
  package let scanID: ScanID
  /// Larger for every attempt of the same scan.
  package let token: Int64

  package init(scanID: ScanID, token: Int64) {
    self.scanID = scanID
    self.token = token
  }

  enum CodingKeys: String, CodingKey {
    case scanID = "scan_id"
    case token
  }
}
