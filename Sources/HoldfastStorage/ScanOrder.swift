/// In which order scans are listed. Where two are alike, the newer one comes first, so that each order is a total one and pages
/// follow each other without gaps.
package struct ScanOrder: Sendable, Hashable {
  package enum Column: String, Sendable, CaseIterable {
    /// The order of submission.
    case number
    case kind
    /// By the bytes of its name.
    case target
    case status
  }

  package var column: Column
  package var isDescending: Bool

  package init(_ column: Column, isDescending: Bool = false) {
    self.column = column
    self.isDescending = isDescending
  }

  package static let newestFirst = ScanOrder(.number, isDescending: true)
}
