extension Migration {
  /// By what operators look for a few among very many scans: their kind, that they did not complete, a tenant's own. The last two
  /// cost nothing where scans complete and there is one tenant.
  static let lists = Migration(number: 15, name: "lists among many scans") { _ in
    [
      "CREATE INDEX scans_of_kind ON scans (kind, number)",
      "CREATE INDEX scans_of_tenant ON scans (tenant_id, number) WHERE tenant_id <> 'default'",
      """
      CREATE INDEX scans_not_completed ON scans (status, number)
      WHERE \(notCompleted())
      """,
    ]
  }
}

/// The condition that a scan has ended other than completed, word for word as in the index of those.
func notCompleted(_ table: String? = nil) -> String {
  anyOf(table.map { "\($0).status" } ?? "status", ["partial", "failed", "cancelled"])
}
