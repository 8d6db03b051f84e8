import HoldfastCore

/// The list of scans under a filter, in an order, from a cursor on; in a way that does not read a million of them to find a few.
struct ScanQuery: Sendable {
  private var conditions: [@Sendable (Dialect) -> String] = []
  private(set) var parameters: [SQLValue] = []
  private let order: ScanOrder
  /// Whether rows must be looked at that are not in the answer.
  private let isSearch: Bool
  /// Whether the filter asks for active scans alone.
  private var isOfActive = false
  /// The parameter of a number from which on the page is, if it is not the first.
  private var start: String?

  init(
    _ filter: ScanFilter, of visible: TenantScope, order: ScanOrder, cursor: String?, limit: Int
  ) throws(StoreError) {
    self.order = order
    isSearch = filter.search != nil || filter.doubt != nil
    if let tenant = visible.tenant { add(tenant: tenant) }
    if let cursor { try start(after: cursor) }
    if let tenantID = filter.tenantID { add(tenant: tenantID) }
    if let kind = filter.kind { add("scans.kind =", .text(kind)) }
    if let target = filter.target { add("scans.target =", .text(target)) }
    if let scope = filter.scope { add("scans.scope =", .text(indexKey(scope))) }
    if !filter.statuses.isEmpty { add(filter.statuses) }
    if filter.onlyCleaned {
      let reasons = Reason.cleanups.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      conditions.append { _ in
        "scans.status = 'failed' AND scans.cleanup_reason IN (\(reasons))"
      }
    }
    if let doubt = filter.doubt { add(doubt) }
    if let search = filter.search { find(search) }
    // These have an index of their own, which finds fewer.
    if filter.scope != nil || filter.target != nil { isOfActive = false }
    parameters.append(.int(Int64(limit) + 1))
  }

  private mutating func add(_ comparison: String, _ value: SQLValue) {
    let place = bind(value)
    conditions.append { _ in "\(comparison) \(place)" }
  }

  /// - Returns: the parameter's name in the statement.
  private mutating func bind(_ value: SQLValue) -> String {
    parameters.append(value)
    return "$\(parameters.count)"
  }

  // MARK: Conditions

  private mutating func add(tenant: String) {
    add("scans.tenant_id =", .text(tenant))
    // Word for word as in the index of all other tenants' scans.
    if tenant != TenantScope.defaultTenant {
      conditions.append { _ in "scans.tenant_id <> 'default'" }
    }
  }

  /// Beside the condition, that of the partial index which has all such scans, so that it can be used.
  private mutating func add(_ statuses: [ScanStatus]) {
    conditions.append { _ in anyOf("scans.status", statuses.map(\.rawValue)) }
    isOfActive = statuses.allSatisfy(\.isActive)
    guard statuses.count > 1 else { return }
    if isOfActive { conditions.append { _ in isActive("scans") } }
    if statuses.allSatisfy({ $0.isTerminal && $0 != .completed }) {
      conditions.append { _ in notCompleted("scans") }
    }
  }

  private mutating func add(_ doubt: ScanDoubt) {
    isOfActive = true
    conditions.append { dialect in
      let verdict = dialect.text(of: "verdict", in: "scans.verdict")
      let held =
        switch doubt {
        case .verdict(let kind): "\(verdict) = '\(kind.rawValue)'"
        case .suspected: "scans.suspicion IS NOT NULL"
        case .any:
          "(\(anyOf(verdict, ScanDoubt.stuck.map(\.rawValue))) OR scans.suspicion IS NOT NULL)"
        }
      // Word for word the condition of the index of what is active.
      return "\(isActive("scans")) AND \(held)"
    }
  }

  /// A part of the target, whatever its case; a number is the scan's own too.
  private mutating func find(_ text: String) {
    let part = bind(.text(text))
    let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
    let number = Int64(digits).map { bind(.int($0)) }
    conditions.append { dialect in
      let contains = dialect.contains("scans.target", part)
      return number.map { "(scans.number = \($0) OR \(contains))" } ?? contains
    }
  }

  // MARK: Order

  /// What the rows are ordered by before their number.
  private func key(_ dialect: Dialect) -> String {
    switch order.column {
    case .number: "scans.number"
    case .kind: dialect.byBytes("scans.kind")
    case .target: dialect.byBytes("scans.target")
    case .status: dialect.byBytes("scans.status")
    }
  }

  private var comparison: String { order.isDescending ? "<" : ">" }

  private mutating func start(after cursor: String) throws(StoreError) {
    if order.column == .number {
      let place = bind(.int(try Cursor.decodeNumber(cursor)))
      start = place
      let comparison = comparison
      return conditions.append { _ in "scans.number \(comparison) \(place)" }
    }
    let parts = try Cursor.decodeText(cursor).split(
      separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let last = Int64(parts[0]) else { throw .badCursor(cursor) }
    let value = bind(.text(String(parts[1])))
    let number = bind(.int(last))
    let (key, comparison) = (key, comparison)
    conditions.append { dialect in
      "(\(key(dialect)) \(comparison) \(value)"
        + " OR (\(key(dialect)) = \(value) AND scans.number < \(number)))"
    }
  }

  func cursor(after scan: Scan) -> String {
    switch order.column {
    case .number: Cursor.encode(scan.number)
    case .kind: Cursor.encode("\(scan.number) \(scan.kind)")
    case .target: Cursor.encode("\(scan.number) \(scan.target)")
    case .status: Cursor.encode("\(scan.number) \(scan.status.rawValue)")
    }
  }

  /// All of the page. Where many rows are looked at for few, they are found by number first: the rest of a row is read for those
  /// alone.
  ///
  /// PostgreSQL knows how many scans there are of each status; SQLite would look for the few active ones through all that is stored,
  /// and is told to take the index which has just those.
  var statement: Statement { select() }

  /// For SQLite, the same page among the newest alone: where very many scans are active, those fill it, and need not all be read to be
  /// put in order. `nil` where it is no shorter way.
  var recent: Statement? {
    guard isOfActive, order == .newestFirst, !isSearch else { return nil }
    return select(after: "\(start ?? "(SELECT max(number) FROM scans)") - \(Self.recentScans)")
  }

  /// Read in a millisecond or two.
  private static let recentScans = 1000

  /// - Parameter number: only scans after this number, and then without a hint of an index.
  private func select(after number: String? = nil) -> Statement {
    let (conditions, limit) = (conditions, parameters.count)
    let hasHint = isOfActive && number == nil
    let direction = order.isDescending ? "DESC" : "ASC"
    let isPlain = order.column == .number && !isSearch
    let isByNumber = order.column == .number
    let key = key
    return Statement { dialect in
      let filter =
        (conditions.map { $0(dialect) } + [number.map { "scans.number > \($0)" } ?? "TRUE"])
        .joined(separator: " AND ")
      let hint = hasHint ? dialect.byIndex("scans_check") : ""
      let order =
        "\(key(dialect)) \(direction)" + (isByNumber ? "" : ", scans.number DESC")
      if isPlain {
        return """
          SELECT \(ScanColumns.list) FROM scans \(hint) WHERE \(filter)
          ORDER BY \(order) LIMIT $\(limit)
          """
      }
      let page =
        "SELECT scans.number FROM scans \(hint) WHERE \(filter) ORDER BY \(order) LIMIT $\(limit)"
      // PostgreSQL would put all rows in order, whole, and look for each in the page.
      guard dialect == .sqlite else {
        return """
          WITH page AS MATERIALIZED (\(page))
          SELECT \(ScanColumns.list) FROM page JOIN scans ON scans.number = page.number
          ORDER BY \(order)
          """
      }
      return """
        SELECT \(ScanColumns.list) FROM scans WHERE scans.number IN (\(page)) ORDER BY \(order)
        """
    }
  }
}
