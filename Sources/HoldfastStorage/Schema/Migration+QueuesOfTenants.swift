import HoldfastCore

extension Migration {
  /// The queue of each tenant by itself, for workers that take one tenant's scans and would read past all others'. It costs nothing
  /// where there is one tenant.
  static let queuesOfTenants = Migration(number: 19, name: "queues of tenants") { _ in
    [
      """
      CREATE INDEX scans_queue_of_tenant ON scans
        (tenant_id, priority DESC, kind DESC, run_at, number)
      WHERE status = 'pending' AND \(isOfNamedTenant())
      """
    ]
  }
}

/// The condition that a scan is of a tenant that somebody has made, word for word as in the index of their queues.
func isOfNamedTenant() -> String { "tenant_id <> '\(TenantScope.defaultTenant)'" }
