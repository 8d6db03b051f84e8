/// The links from a page of a list to its first and to its next page. Templates see stored properties only.
struct Paging: Sendable {
  var hasAny: Bool
  var firstHref: String?
  var nextHref: String?

  /// - Parameters:
  ///   - path: the list's address.
  ///   - fields: what the address says beside the cursor.
  ///   - cursor: where the page begins; `nil` for the first.
  ///   - next: where the next one does; `nil` on the last.
  init(
    _ path: String, _ fields: [ListAddress.Field] = [], from cursor: String?, to next: String?
  ) {
    firstHref = cursor == nil ? nil : ListAddress.address(path, fields)
    nextHref = next.map { ListAddress.address(path, fields + [.init(name: "cursor", value: $0)]) }
    hasAny = firstHref != nil || nextHref != nil
  }
}
