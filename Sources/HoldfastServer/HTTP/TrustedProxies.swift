import HTTPTypes
package import HoldfastCore

/// The proxies whose word is taken for where a request comes from.
///
/// Each proxy appends the address of whoever asked it to `X-Forwarded-For`, so that what stands left of the first stranger, read from
/// the right, is that stranger's own claim. `Forwarded` (RFC 7239) says the same and is not read: a proxy that does not write
/// it hands on what its clients made up.
package struct TrustedProxies: Sendable, Hashable {
  package var networks: [IPNetwork]

  package init(_ networks: [IPNetwork] = []) {
    self.networks = networks
  }

  /// What is known of the client behind a connection.
  struct Origin: Sendable, Hashable {
    /// An IP address.
    var address: String
    /// Whether the client's own connection was encrypted, as a proxy tells.
    var isEncrypted = false
  }

  /// Where a request comes from: from the peer, unless that is a trusted proxy. Of one that forwards for nobody, or for what is no
  /// address, it is the proxy itself.
  ///
  /// - Parameter peer: the address at the other end of the connection.
  func origin(peer: String, _ headers: HTTPFields) -> Origin {
    guard let proxy = IPAddress(peer)?.unmapped, isTrusted(proxy) else {
      return Origin(address: peer)
    }
    let protocols = headers[values: .forwardedProtocol].flatMap { $0.split(separator: ",") }
    return Origin(
      address: client(headers)?.description ?? peer,
      // The last is the nearest proxy's.
      isEncrypted: protocols.last?.trimmed.lowercased() == "https")
  }

  /// Whether somebody who is not trusted speaks as a proxy would: probably one that has been forgotten in the configuration.
  func isPassedOver(peer: String, _ headers: HTTPFields) -> Bool {
    guard headers[.forwardedFor] != nil || headers[.forwardedProtocol] != nil else { return false }
    return !(IPAddress(peer).map { isTrusted($0.unmapped) } ?? false)
  }

  /// The right-most that is no proxy; where all are, the left-most. `nil` where something on the way is no address.
  private func client(_ headers: HTTPFields) -> IPAddress? {
    var last: IPAddress?
    for line in headers[values: .forwardedFor].reversed() {
      for hop in line.split(separator: ",", omittingEmptySubsequences: false).reversed() {
        guard let address = Self.address(hop.trimmed)?.unmapped else { return nil }
        guard isTrusted(address) else { return address }
        last = address
      }
    }
    return last
  }

  private func isTrusted(_ address: IPAddress) -> Bool {
    networks.contains { $0.contains(address) }
  }

  /// Some proxies add the port, and the brackets of version 6 with it.
  private static func address(_ hop: String) -> IPAddress? {
    if let address = IPAddress(hop) { return address }
    if hop.hasPrefix("["), let end = hop.firstIndex(of: "]") {
      guard isPort(hop[hop.index(after: end)...]) else { return nil }
      return IPAddress(hop[hop.index(after: hop.startIndex)..<end])
    }
    guard let colon = hop.firstIndex(of: ":"), isPort(hop[colon...]) else { return nil }
    return IPAddress(hop[..<colon])
  }

  /// Nothing, or a colon and a number.
  private static func isPort(_ text: Substring) -> Bool {
    text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
  }
}
