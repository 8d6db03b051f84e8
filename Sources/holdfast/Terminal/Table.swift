/// Rows of cells under headings, cut to the width of the terminal.
///
/// Columns shrink by the room that each can give: the widest flexible one first, down to its
/// minimum; the others keep what they need. Where even that is too wide, each row becomes a block
/// of lines, one for each cell under the name of its column. Where nothing has to fit, nothing is
/// cut.
struct Table: Sendable {
  struct Column: Sendable {
    var title: String
    var isRightAligned: Bool
    /// The fewest columns it can be cut to; `nil` if it is never cut.
    var minimum: Int?
    var keeping: DisplayText.Side

    init(
      _ title: String, right: Bool = false, minimum: Int? = nil,
      keeping: DisplayText.Side = .start
    ) {
      self.title = title
      isRightAligned = right
      self.minimum = minimum
      self.keeping = keeping
    }
  }

  struct Cell: Sendable {
    var text: String
    var style: Terminal.Style?

    /// - Parameter text: data as it is; it is escaped here.
    init(_ text: String, _ style: Terminal.Style? = nil) {
      self.text = DisplayText.escaped(text)
      self.style = style
    }
  }

  private let columns: [Column]
  private let terminal: Terminal
  private var widths: [Int]?
  private var hasBlocks = false

  init(_ columns: [Column], terminal: Terminal) {
    self.columns = columns
    self.terminal = terminal
  }

  /// The lines of `rows`; the first call also gives the headings and settles the widths for all
  /// that follow.
  mutating func lines(for rows: [[Cell]]) -> [String] {
    let isFirst = widths == nil
    if isFirst {
      let fitted = fittedWidths(rows)
      widths = fitted
      if let available = terminal.columns { hasBlocks = Self.total(fitted) > available }
    }
    if hasBlocks {
      return rows.enumerated().flatMap { index, row in
        (isFirst && index == 0 ? [] : [""]) + block(row)
      }
    }
    let heading = line(columns.map { Cell($0.title) })
    return (isFirst ? [terminal.style(heading, .bold)] : []) + rows.map(line)
  }

  private static let gap = "  "

  private static func total(_ widths: [Int]) -> Int {
    widths.reduce(0, +) + gap.count * (widths.count - 1)
  }

  private func fittedWidths(_ rows: [[Cell]]) -> [Int] {
    var widths = columns.map { DisplayText.width(of: $0.title) }
    for row in rows {
      for (index, cell) in row.enumerated() {
        widths[index] = max(widths[index], DisplayText.width(of: cell.text))
      }
    }
    guard let available = terminal.columns else { return widths }
    var excess = Self.total(widths) - available
    while excess > 0 {
      let candidates = columns.indices.filter { widths[$0] > columns[$0].minimum ?? .max }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [Cell]) -> String {
    let widths = widths ?? []
    var parts: [String] = []
    for (index, cell) in cells.enumerated() {
      let column = columns[index]
      let mayCut = terminal.columns != nil && column.minimum != nil
      let text =
        mayCut
        ? DisplayText.truncated(cell.text, to: widths[index], keeping: column.keeping)
        : cell.text
      let isLast = index == cells.count - 1
      let padded =
        column.isRightAligned
        ? DisplayText.leftPadded(text, to: widths[index])
        : isLast ? text : DisplayText.padded(text, to: widths[index])
      parts.append(cell.style.map { terminal.style(padded, $0) } ?? padded)
    }
    return parts.joined(separator: Self.gap)
  }

  /// One row for a terminal that is too narrow for columns; what is empty is left out.
  private func block(_ cells: [Cell]) -> [String] {
    let label = columns.map { DisplayText.width(of: $0.title) }.max() ?? 0
    let room = max((terminal.columns ?? .max) - label - Self.gap.count, 1)
    return zip(columns, cells).filter { !$1.text.isEmpty }.map { column, cell in
      let title = terminal.style(DisplayText.padded(column.title, to: label), .bold)
      let text = DisplayText.truncated(cell.text, to: room, keeping: column.keeping)
      return title + Self.gap + (cell.style.map { terminal.style(text, $0) } ?? text)
    }
  }
}
