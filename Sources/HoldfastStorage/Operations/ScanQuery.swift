import HoldfastCore

/// The list of scans under a filter, in an order, from a cursor on.
struct ScanQuery: Sendable {
  private var conditions: [@Sendable (Dialect) -> String] = []
  private(set) var parameters: [SQLValue] = []
  private let order: ScanOrder
  /// Whether rows must be looked at that are not in the answer.
  private let isSearch: Bool

  init(
    _ filter: ScanFilter, of visible: TenantScope, order: ScanOrder, cursor: String?, limit: Int
  ) throws(StoreError) {
    self.order = order
    isSearch = filter.search != nil || filter.doubt != nil
    if let tenant = visible.tenant { add("scans.tenant_id =", .text(tenant)) }
    if let cursor { try start(after: cursor) }
    if let tenantID = filter.tenantID { add("scans.tenant_id =", .text(tenantID)) }
    if let kind = filter.kind { add("scans.kind =", .text(kind)) }
    if let target = filter.target { add("scans.target =", .text(target)) }
    if let scope = filter.scope { add("scans.scope =", .text(indexKey(scope))) }
    if !filter.statuses.isEmpty {
      let list = filter.statuses.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      conditions.append { _ in "scans.status IN (\(list))" }
    }
    if filter.onlyCleaned {
      let reasons = Reason.cleanups.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      conditions.append { _ in
        "scans.status = 'failed' AND scans.cleanup_reason IN (\(reasons))"
      }
    }
    if let doubt = filter.doubt { add(doubt) }
    if let search = filter.search { find(search) }
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

  private mutating func add(_ doubt: ScanDoubt) {
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
      return add("scans.number \(comparison)", .int(try Cursor.decodeNumber(cursor)))
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

  /// Where many rows are looked at for few, they are found by number first: the rest of a row is read for those alone.
  var statement: Statement {
    let (conditions, limit) = (conditions, parameters.count)
    let direction = order.isDescending ? "DESC" : "ASC"
    let isPlain = order.column == .number && !isSearch
    let isByNumber = order.column == .number
    let key = key
    return Statement { dialect in
      let filter =
        conditions.isEmpty ? "TRUE" : conditions.map { $0(dialect) }.joined(separator: " AND ")
      let order =
        "\(key(dialect)) \(direction)" + (isByNumber ? "" : ", scans.number DESC")
      if isPlain {
        return """
          SELECT \(ScanColumns.list) FROM scans WHERE \(filter)
          ORDER BY \(order) LIMIT $\(limit)
          """
      }
      return """
        SELECT \(ScanColumns.list) FROM scans WHERE scans.number IN (
          SELECT scans.number FROM scans WHERE \(filter) ORDER BY \(order) LIMIT $\(limit))
        ORDER BY \(order)
        """
    }
  }
}
