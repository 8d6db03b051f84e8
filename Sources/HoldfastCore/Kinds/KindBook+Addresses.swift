/// A place of the web that a request would have fetched.
package struct RequestedAddress: Sendable, Hashable {
  /// The field of the request: `target` or `params.NAME`.
  package var field: String
  package var text: String
  /// Whether nothing but `http` and `https` will do, since its kind says that it is an address.
  package var mustBeWeb: Bool
}

extension KindBook {
  /// What in a request names places of the web: whatever its kind declares as such, and every other text that begins like one, since a
  /// program that is given it may well fetch it.
  package func addresses(
    kind: String, target: String, params: JSONValue
  ) -> [RequestedAddress] {
    guard let declaration = declared[kind] else { return [] }
    let urls = Set(declaration.parameters.filter(\.isURL).map { "params.\($0.name)" })
    let texts = (params.objectValue ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
      value.stringValue.map { text in
        RequestedAddress(
          field: "params.\(name)", text: text, mustBeWeb: urls.contains("params.\(name)"))
      }
    }
    let place = RequestedAddress(field: "target", text: target, mustBeWeb: declaration.takesURL)
    return ([place] + texts).filter { wish in
      wish.mustBeWeb || TargetURL.scheme(of: wish.text).map(Self.fetched.contains) == true
    }
  }

  private static let fetched: Set<String> = ["http", "https", "ws", "wss", "ftp", "ftps"]
}
