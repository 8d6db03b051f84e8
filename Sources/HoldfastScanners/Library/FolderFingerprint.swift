/// The forms in which a folder's sum is stored: they say what else is known of the listing.
enum FolderFingerprint {
  private static let hashedMark = Hash128(high: 0x6861_7368_6564_2d31, low: 0x9e37_79b9_7f4a_7c15)
  private static let unsettledMark = Hash128(
    high: 0x7265_6164_2061_6761, low: 0xd1b5_4a32_d192_ed03)

  /// - Parameters:
  ///   - isHashed: every file of the listing has its content's hash.
  ///   - isUnsettled: something could not be read; the next scan is to look at the folder again.
  static func stored(_ sum: Hash128, isHashed: Bool, isUnsettled: Bool) -> Hash128 {
    if isUnsettled { return sum ^ unsettledMark }
    return isHashed ? sum ^ hashedMark : sum
  }

  /// Whether a folder with this sum is as it was stored, and everything wanted is known of it. A scan that hashes needs the hashes;
  /// one that does not is content with either.
  static func matches(_ stored: Hash128, sum: Hash128, wantsHashes: Bool) -> Bool {
    stored == sum ^ hashedMark || (!wantsHashes && stored == sum)
  }
}
