import HoldfastCore

/// A setting's value once it has been read.
enum SettingValue: Sendable, Hashable {
  case text(String)
  case number(Int)
  case seconds(Double)
  case names([String])
}

/// What a setting accepts.
enum SettingType: Sendable, Hashable {
  /// Any text that is not empty.
  case text
  case path
  case number(ClosedRange<Int>)
  /// A number of seconds, with or without a fraction.
  case seconds(ClosedRange<Double>)
  /// A number of bytes, with or without a unit, at least this many.
  case bytes(Int)
  case choice([String])
  /// Names separated by commas; a list in YAML.
  case names
  /// Names of kinds of scans, separated by commas; a list in YAML.
  case kinds
  /// Networks or single addresses, separated by commas; a list in YAML.
  case networks
  /// `sqlite:PATH` or `postgres://…`
  case database

  /// Reads a value; what is wrong with it is one clause that follows the value in a sentence.
  ///
  /// - Parameter declared: the kinds that the file declares.
  func parse(_ text: String, declared: [String] = []) -> Result<SettingValue, BadValue> {
    let trimmed = text.drop { $0 == " " }
    guard !trimmed.isEmpty else { return .failure(BadValue("is empty; it takes \(accepts)")) }
    switch self {
    case .text, .path:
      return .success(.text(text))
    case .number(let range):
      guard let number = Int(text), range.contains(number) else {
        return .failure(BadValue("is not \(accepts)"))
      }
      return .success(.number(number))
    case .seconds(let range):
      guard let seconds = Double(text), range.contains(seconds) else {
        return .failure(BadValue("is not \(accepts)"))
      }
      return .success(.seconds(seconds))
    case .bytes(let least):
      guard let size = ByteSize(text), size.bytes >= least else {
        return .failure(BadValue("is not \(accepts)"))
      }
      return .success(.number(Int(size.bytes)))
    case .choice(let choices):
      if choices.contains(text) { return .success(.text(text)) }
      let nearest = NearestName.of(text, among: choices)
      return .failure(BadValue("is not \(accepts)", suggestion: nearest))
    case .names, .kinds, .networks:
      let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
        String($0).trimmingBlanks()
      }
      guard names.allSatisfy({ !$0.isEmpty }) else {
        return .failure(BadValue("has an empty name; it takes \(accepts)"))
      }
      let known = PolicyBook.kindNames + declared
      if self == .kinds, let stranger = names.first(where: { !known.contains($0) }) {
        return .failure(
          BadValue(
            "names the kind “\(DisplayText.escaped(stranger))”, and there are "
              + known.joined(separator: ", "),
            suggestion: NearestName.of(stranger, among: known)))
      }
      if self == .networks, let stranger = names.first(where: { IPNetwork($0) == nil }) {
        return .failure(
          BadValue("has “\(DisplayText.escaped(stranger))”; it takes \(accepts)"))
      }
      return .success(.names(names))
    case .database:
      guard
        text.hasPrefix("sqlite:") && text != "sqlite:" || text.hasPrefix("postgres://")
          || text.hasPrefix("postgresql://")
      else { return .failure(BadValue("is not \(accepts)")) }
      return .success(.text(text))
    }
  }

  /// Whether YAML may give it as a list.
  var isList: Bool { [.names, .kinds, .networks].contains(self) }

  /// Completes “it takes …”.
  var accepts: String {
    switch self {
    case .text: "a text"
    case .path: "a path"
    case .number(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .seconds(let range):
      "a number from \(PolicyValue.number(range.lowerBound)) to "
        + "\(PolicyValue.number(range.upperBound))"
    case .bytes(let least):
      "a size such as 512MiB or 5GB"
        + (least > 0 ? ", at least \(Quantity.bytes(Int64(least)))" : "")
    case .choice(let choices): "one of " + choices.joined(separator: ", ")
    case .names, .kinds: "names separated by commas"
    case .networks: "networks or addresses (10.0.0.0/8, ::1) separated by commas"
    case .database: "sqlite:PATH or postgres://USER@HOST/NAME"
    }
  }
}

struct BadValue: Error, Sendable, Hashable {
  var reason: String
  /// What was probably meant.
  var suggestion: String?

  init(_ reason: String, suggestion: String? = nil) {
    self.reason = reason
    self.suggestion = suggestion
  }
}

extension String {
  func trimmingBlanks() -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
