/// Text from bytes that somebody else chose.
enum PrintableText {
  /// No invalid UTF-8 and no control characters, so that no process can drive an operator's
  /// terminal; cut at `maxBytes` of the source, with “…” where it was cut.
  static func of(_ bytes: some Collection<UInt8>, maxBytes: Int = 1024) -> String {
    let text = String(decoding: bytes.prefix(maxBytes), as: UTF8.self)
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        scalars.append("\u{FFFD}")
      default: scalars.append(scalar)
      }
    }
    if bytes.count > maxBytes { scalars.append("…") }
    return String(scalars)
  }
}
