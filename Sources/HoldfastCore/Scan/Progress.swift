/// How far an attempt has come. Counts only grow within an attempt; a resumed attempt starts from its checkpoint's.
package struct Progress: Hashable, Sendable, Codable {
  /// Units done so far, in `unit`.
  package var done: Int64
  /// Units in all, once known; until then `nil`. An estimate says so in `isEstimate`.
  package var total: Int64?
  /// Whether `total` is an estimate (of the previous scan of the same target, say).
  package var isEstimate: Bool
  /// What is counted: `entries`, `pages`, `files`.
  package var unit: String
  /// Bytes seen or moved so far.
  package var bytes: Int64
  /// The phase the scan is in; a change of it is progress too.
  package var step: String
  /// What it works on at this moment: a folder, a URL.
  package var current: String?

  package init(
    done: Int64 = 0, total: Int64? = nil, isEstimate: Bool = false, unit: String = "items",
    bytes: Int64 = 0, step: String = "", current: String? = nil
  ) {
    self.done = done
    self.total = total
    self.isEstimate = isEstimate
    self.unit = unit
    self.bytes = bytes
    self.step = step
    self.current = current
  }

  /// 0 to 100, or `nil` while the total is unknown. An estimate never shows more than 99.
  package var percentage: Int? {
    guard let total else { return nil }
    if total <= 0 { return 100 }
    let percent = Int(Double(min(done, total)) / Double(total) * 100)
    return isEstimate ? min(percent, 99) : percent
  }

  enum CodingKeys: String, CodingKey {
    case done, total, unit, bytes, step, current
    case isEstimate = "is_estimate"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    done = try container.decodeIfPresent(Int64.self, forKey: .done) ?? 0
    total = try container.decodeIfPresent(Int64.self, forKey: .total)
    isEstimate = try container.decodeIfPresent(Bool.self, forKey: .isEstimate) ?? false
    unit = try container.decodeIfPresent(String.self, forKey: .unit) ?? "items"
    bytes = try container.decodeIfPresent(Int64.self, forKey: .bytes) ?? 0
    step = try container.decodeIfPresent(String.self, forKey: .step) ?? ""
    current = try container.decodeIfPresent(String.self, forKey: .current)
  }
}
