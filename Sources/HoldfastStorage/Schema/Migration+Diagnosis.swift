extension Migration {
  /// When a diagnosis was made, and since when one has been asked for.
  static let diagnosis = Migration(number: 4, name: "diagnosis") { dialect in
    let time = dialect.typeName(.time)
    return ["diagnosis_at \(time)", "diagnosis_wanted_at \(time)"].map {
      "ALTER TABLE scans ADD COLUMN \($0)"
    }
  }
}
