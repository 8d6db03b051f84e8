/// An address of the web that somebody wants fetched, read so strictly that no other reader could take it for another host: where two
/// could differ, it is refused with what would be right.
package struct TargetURL: Sendable, Hashable {
  package enum Host: Sendable, Hashable {
    case address(IPAddress)
    /// In lower case, without a dot at the end.
    case name(String)
  }

  /// In lower case.
  package var scheme: String
  package var host: Host
  /// `nil` for the scheme's own.
  package var port: Int?
  /// Path and query, from the slash on; without the fragment, which nobody is sent.
  package var resource: String

  /// What is wrong: a clause that goes on from “the address”.
  package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
  }

  package static let mostBytes = 4096

  package init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.mostBytes else {
      throw Fault("is longer than \(Self.mostBytes) bytes")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw Fault(
        "holds blanks, backslashes or characters beyond ASCII: write those of a path as %XX and a "
          + "name in its xn-- form")
    }
    guard let scheme = Self.scheme(of: text) else {
      throw Fault("must begin with http:// or https://")
    }
    self.scheme = scheme
    let rest = text.dropFirst(scheme.utf8.count + 3)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard !authority.contains("@") else {
      throw Fault("holds a name or a password before “@”, which does not belong into an address")
    }
    let (host, port) = try Self.parts(of: authority)
    self.host = try Host(host)
    self.port = port
    let resource = rest[authority.endIndex...].prefix { $0 != "#" }
    self.resource = resource.first == "/" ? String(resource) : "/" + resource
  }

  /// The scheme in lower case, if the text begins with one and `://`.
  package static func scheme(of text: String) -> String? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let scheme = text[..<colon].lowercased()
    let isSound =
      scheme.utf8.first.map { (97...122).contains($0) } == true
      && scheme.utf8.allSatisfy { byte in
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "+")
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      }
    return isSound ? scheme : nil
  }

  private static func parts(of authority: Substring) throws(Fault) -> (Substring, Int?) {
    var host = authority
    var rest: Substring = ""
    if authority.first == "[", let end = authority.firstIndex(of: "]") {
      host = authority[...end]
      rest = authority[authority.index(after: end)...]
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      rest = authority[colon...]
    }
    guard !host.isEmpty else { throw Fault("names no host") }
    if rest.isEmpty || rest == ":" { return (host, nil) }
    let digits = rest.dropFirst()
    guard rest.first == ":", digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let port = UInt16(digits), port > 0
    else { throw Fault("has “\(rest)” where its port would be") }
    return (host, Int(port))
  }
}

extension TargetURL: CustomStringConvertible {
  /// The host as it goes into an address and a `Host` header.
  package var hostText: String { host.description }

  /// The one spelling: what is checked is what is fetched.
  package var description: String {
    "\(scheme)://\(hostText)\(port.map { ":\($0)" } ?? "")\(resource)"
  }
}

extension TargetURL {
  /// The address that a redirect from here leads to (RFC 9110, 10.2.2).
  package func following(_ location: String) throws(Fault) -> TargetURL {
    if Self.scheme(of: location) != nil { return try TargetURL(location) }
    if location.hasPrefix("//") { return try TargetURL("\(scheme):\(location)") }
    let base = "\(scheme)://\(hostText)\(port.map { ":\($0)" } ?? "")"
    if location.hasPrefix("/") { return try TargetURL(base + location) }
    let path = resource.prefix { $0 != "?" }
    if location.hasPrefix("?") { return try TargetURL(base + path + location) }
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
    return try TargetURL(base + folder + location)
  }
}
