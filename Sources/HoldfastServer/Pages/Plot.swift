import HoldfastCore

/// A plot over time, drawn by the server: bars that stand on each other, or lines. Templates see stored properties only.
///
/// Its units are those of its own view box, 480 by 120, and the page scales it.
struct Plot: Sendable {
  struct Bar: Sendable {
    var x: String
    var y: String
    var width: String
    var height: String
    /// Names its colour.
    var style: String
    /// What a pointer that rests on it is told.
    var title: String
  }

  struct Line: Sendable {
    var path: String
    var style: String
  }

  struct Key: Sendable {
    var label: String
    var style: String
    var total: String
    /// Where the scans that it counts are listed.
    var href: String?
  }

  struct TableRow: Sendable {
    var label: String
    var cells: [String]
  }

  static let width = 480.0
  static let height = 120.0

  var heading: String
  /// The whole in words, for those who do not see it.
  var summary: String
  /// The largest value of the scale.
  var top: String
  var from: ShownTime
  var bars: [Bar] = []
  var lines: [Line] = []
  var keys: [Key] = []
  /// The same in figures, for those who do not see it: a column for each series, a row for each interval in which
  /// something happened.
  var tableHead: [String] = []
  var tableRows: [TableRow] = []
  var isEmpty = false
  var emptyText = ""

  /// One row of values for each series, one value for each interval, the oldest first.
  struct Series: Sendable {
    var label: String
    var style: String
    var values: [Double]
    var href: String?
  }

  static func bars(
    _ heading: String, _ series: [Series], from: Timestamp, intervalName: (Int) -> String,
    emptyText: String
  ) -> Plot {
    let count = series.first?.values.count ?? 0
    let sums = (0..<count).map { index in series.reduce(0) { $0 + $1.values[index] } }
    let most = sums.max() ?? 0
    let totals = series.map { ($0, $0.values.reduce(0, +)) }.filter { $0.1 > 0 }
    var plot = Plot(
      heading: heading,
      summary: totals.map { "\($0.0.label) \(whole($0.1))" }.joined(separator: ", "),
      top: whole(most), from: ShownTime(from))
    plot.isEmpty = most == 0
    plot.emptyText = emptyText
    plot.keys = totals.map {
      Key(label: $0.0.label, style: $0.0.style, total: whole($0.1), href: $0.0.href)
    }
    guard most > 0 else { return plot }
    plot.tabulate(series, intervalName, show: whole)
    let step = width / Double(count)
    for index in 0..<count {
      var top = height
      for entry in series where entry.values[index] > 0 {
        let size = entry.values[index] / most * height
        top -= size
        plot.bars.append(
          Bar(
            x: number(Double(index) * step + 1), y: number(top), width: number(step - 2),
            height: number(size), style: entry.style,
            title: "\(intervalName(index)): \(whole(entry.values[index])) \(entry.label)"))
      }
    }
    return plot
  }

  /// - Parameter series: values of intervals in which nothing happened are `nan`, and the line passes over them.
  static func lines(
    _ heading: String, _ series: [Series], from: Timestamp, intervalName: (Int) -> String,
    show: (Double) -> String, emptyText: String
  ) -> Plot {
    let most = series.flatMap(\.values).filter { !$0.isNaN }.max() ?? 0
    var plot = Plot(heading: heading, summary: "", top: show(most), from: ShownTime(from))
    plot.emptyText = emptyText
    plot.isEmpty = most <= 0
    guard most > 0 else { return plot }
    plot.tabulate(series, intervalName, show: show)
    for entry in series {
      let known = entry.values.enumerated().filter { !$0.element.isNaN }
      let step = width / Double(entry.values.count)
      // A single point has no line: one as long as its interval marks it.
      let place = known.count > 1 ? 0.5 : 0
      let points = known.map { index, value in
        "\(number((Double(index) + place) * step)) \(number(height - value / most * height))"
      }
      guard let first = points.first, let last = known.last?.element else { continue }
      let rest =
        points.count > 1 ? points.dropFirst().map { " L \($0)" }.joined() : " h \(number(step))"
      plot.lines.append(Line(path: "M \(first)\(rest)", style: entry.style))
      plot.keys.append(Key(label: entry.label, style: entry.style, total: "now \(show(last))"))
    }
    plot.summary = plot.keys.map { "\($0.label) \($0.total)" }.joined(separator: ", ")
    return plot
  }

  /// The newest interval first.
  private mutating func tabulate(
    _ series: [Series], _ intervalName: (Int) -> String, show: (Double) -> String
  ) {
    tableHead = series.map(\.label)
    let count = series.first?.values.count ?? 0
    for index in (0..<count).reversed() where series.contains(where: { $0.values[index] > 0 }) {
      tableRows.append(
        TableRow(
          label: intervalName(index),
          cells: series.map { $0.values[index].isNaN ? "–" : show($0.values[index]) }))
    }
  }

  private static func whole(_ value: Double) -> String { Words.number(Int64(value.rounded())) }

  /// To a tenth, which no screen shows finer.
  private static func number(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }
}
