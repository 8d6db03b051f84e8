import Foundation

/// One measured figure beside its target and what others reach.
struct Row {
  enum Direction {
    case higherIsBetter, lowerIsBetter
  }

  var what: String
  var value: Double
  var unit: String
  var target: Double?
  var direction: Direction
  /// Where the reference figure comes from, and the figure, in the same unit.
  var reference: (name: String, value: Double)?

  init(
    _ what: String, _ value: Double, _ unit: String, target: Double? = nil,
    _ direction: Direction, reference: (name: String, value: Double)? = nil
  ) {
    self.what = what
    self.value = value
    self.unit = unit
    self.target = target
    self.direction = direction
    self.reference = reference
  }

  var isMet: Bool? {
    target.map { direction == .higherIsBetter ? value >= $0 : value <= $0 }
  }
}

/// The rows of a run, printed as they come and once more as a whole.
struct Table {
  private var rows: [Row] = []

  mutating func add(_ row: Row) {
    rows.append(row)
    say("  " + cells(of: row).joined(separator: "  "))
  }

  func value(of what: String) -> Double? { rows.last { $0.what == what }?.value }

  var rendered: String {
    let head = ["what", "measured", "target", "", "beside", "ratio"]
    let lines = [head] + rows.map(cells)
    let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.enumerated().map { number, line in
      let text = zip(line, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      let joined = "| " + text.joined(separator: " | ") + " |"
      guard number == 0 else { return joined }
      let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: " | ")
      return joined + "\n| " + rule + " |"
    }.joined(separator: "\n")
  }

  private func cells(of row: Row) -> [String] {
    let bound = row.direction == .higherIsBetter ? "≥" : "≤"
    let ratio = row.reference.map { reference in
      reference.value == 0 ? "" : String(format: "%.2f×", row.value / reference.value)
    }
    return [
      row.what, "\(number(row.value)) \(row.unit)",
      row.target.map { "\(bound) \(number($0)) \(row.unit)" } ?? "",
      row.isMet.map { $0 ? "met" : "missed" } ?? "",
      row.reference.map { "\($0.name): \(number($0.value))" } ?? "", ratio ?? "",
    ]
  }

  private func number(_ value: Double) -> String {
    guard value < 100 else {
      let digits = Array(String(Int(value.rounded())).reversed())
      let groups = stride(from: 0, to: digits.count, by: 3).map {
        String(digits[$0..<min($0 + 3, digits.count)].reversed())
      }
      return groups.reversed().joined(separator: ",")
    }
    return String(format: value < 10 ? "%.2f" : "%.1f", value)
  }
}

extension [Double] {
  var median: Double { percentile(50) }

  /// The nearest-rank percentile; 0 for no values.
  func percentile(_ percent: Double) -> Double {
    guard !isEmpty else { return 0 }
    let rank = Int((percent / 100 * Double(count)).rounded(.up))
    return sorted()[Swift.max(0, Swift.min(count - 1, rank - 1))]
  }
}
