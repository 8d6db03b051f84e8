/// A text as it goes into an index: itself, or, where it is too long for a page of PostgreSQL's btree (2,704 bytes), its
/// start and 128 bits of hash. The whole text is kept beside it where it must be shown.
func indexKey(_ text: String) -> String {
  guard text.utf8.count > maxIndexKeyBytes else { return text }
  var head = Array(text.utf8.prefix(maxIndexKeyBytes - 40))
  // Not within a character: drop a started one.
  while let last = head.last, last & 0xC0 == 0x80 { head.removeLast() }
  if let last = head.last, last >= 0xC0 { head.removeLast() }
  return String(decoding: head, as: UTF8.self) + "…" + hash(text, seed: 0xCBF2_9CE4_8422_2325)
    + hash(text, seed: 0x6C62_272E_07BB_0142)
}

private let maxIndexKeyBytes = 1500

/// FNV-1a, then mixed (the finalizer of MurmurHash3): stable for ever, since it is stored.
private func hash(_ text: String, seed: UInt64) -> String {
  var value = seed
  for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  value = (value ^ (value >> 33)) &* 0xFF51_AFD7_ED55_8CCD
  value = (value ^ (value >> 33)) &* 0xC4CE_B9FE_1A85_EC53
  value ^= value >> 33
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
