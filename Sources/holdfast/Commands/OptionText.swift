import ArgumentParser

/// Values of options that several commands take, checked as they are read.
enum OptionText {
  /// The most bytes that a reason may have, over HTTP too.
  private static let maxReasonBytes = 1000

  /// - Throws: `ValidationError` for a reason that says nothing, or too much.
  static func reason(_ text: String) throws -> String {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw ValidationError("it is empty; say why in a few words, or leave it out")
    }
    guard text.utf8.count <= maxReasonBytes else {
      throw ValidationError(
        "it has \(text.utf8.count) bytes; at most \(maxReasonBytes) are kept")
    }
    return text
  }

  /// - Throws: `ValidationError` for what is no number of hours from 0 up.
  static func ageHours(_ text: String) throws -> Double {
    guard let hours = Double(text), hours.isFinite, hours >= 0 else {
      throw ValidationError(
        "it is not a number of hours from 0 up, such as 24 or 0.5")
    }
    return hours
  }
}
