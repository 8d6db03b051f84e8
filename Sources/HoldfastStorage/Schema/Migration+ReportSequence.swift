extension Migration {
  /// How far each attempt's reports have been applied, so that one which was long on its way sets nothing back. A program of before
  /// this change neither sets it nor looks at it; its reports are fenced by their token alone, as they were.
  static let reportSequence = Migration(number: 8, name: "order of reports") { dialect in
    [
      """
      ALTER TABLE scans ADD COLUMN report_sequence \(dialect.typeName(.int)) NOT NULL DEFAULT 0
      """
    ]
  }
}
