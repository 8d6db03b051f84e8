import HoldfastCore
import HoldfastStorage

/// What the address of the list asks for, and the addresses of the same list with something else: all filters are in the
/// address, so that a list can be kept and passed on.
struct ListAddress: Sendable {
  var search: String?
  var statuses: [ScanStatus]
  var kind: String?
  /// The whole target.
  var target: String?
  var doubt: ScanDoubt?
  var tenant: String?
  var order: ScanOrder
  var cursor: String?

  /// - Throws: ``Problem`` of a value that cannot be taken. What a form left empty is not asked for.
  init(_ query: Query) throws(Problem) {
    func given(_ name: String, most: Int) throws(Problem) -> String? {
      try query.text(name, most: most).flatMap { $0.isEmpty ? nil : $0 }
    }
    search = try query.search()
    statuses = try query.statuses()
    kind = try given("kind", most: 64)
    target = try given("target", most: 4096)
    doubt = try query.doubt()
    tenant = try given("tenant", most: 64)
    order = try query.order()
    cursor = try query.cursor
  }

  var filter: ScanFilter {
    ScanFilter(
      tenantID: tenant, statuses: statuses, kind: kind, target: target, search: search,
      doubt: doubt)
  }

  /// Whether anything but the status narrows the list.
  var isNarrowed: Bool {
    search != nil || kind != nil || target != nil || doubt != nil || tenant != nil
  }

  /// The only status that is asked for; `nil` for any other number of them.
  var status: ScanStatus? { statuses.count == 1 ? statuses.first : nil }

  /// A name and a value, as a form sends them and an address holds them.
  struct Field: Sendable, Hashable {
    var name: String
    var value: String
  }

  /// Which scans are meant, without their order and the place in the list.
  var filterFields: [Field] {
    [
      ("search", search), ("kind", kind), ("target", target), ("verdict", doubt?.name),
      ("tenant", tenant),
      ("status", statuses.isEmpty ? nil : statuses.map(\.rawValue).joined(separator: ",")),
    ].compactMap { name, value in value.map { Field(name: name, value: $0) } }
  }

  var orderField: [Field] {
    order == .newestFirst ? [] : [Field(name: "sort", value: order.name)]
  }

  var href: String {
    let fields =
      filterFields + orderField + (cursor.map { [Field(name: "cursor", value: $0)] } ?? [])
    return Self.address("/", fields)
  }

  static func address(_ path: String, _ fields: [Field]) -> String {
    guard !fields.isEmpty else { return path }
    return path + "?"
      + fields.map { "\($0.name)=\(LocalPath.encoded($0.value))" }.joined(separator: "&")
  }

  /// The same list from its beginning, with something changed.
  func with(_ change: (inout ListAddress) -> Void) -> ListAddress {
    var address = self
    address.cursor = nil
    change(&address)
    return address
  }
}
