/// Whose rows somebody may see and change.
package enum TenantScope: Sendable, Hashable {
  /// Those of every tenant: whoever runs the installation.
  case all
  case only(String)

  /// The tenant to which everything belongs until there are others.
  package static let defaultTenant = "default"
  /// How ``all`` is written.
  package static let allName = "*"

  /// Reads ``name``.
  package init(name: String) {
    self = name == Self.allName ? .all : .only(name)
  }

  package var name: String {
    switch self {
    case .all: Self.allName
    case .only(let tenant): tenant
    }
  }

  /// `nil` for all.
  package var tenant: String? {
    switch self {
    case .all: nil
    case .only(let tenant): tenant
    }
  }

  package func includes(_ tenant: String) -> Bool {
    switch self {
    case .all: true
    case .only(let own): own == tenant
    }
  }

  /// Whether whoever has this scope may give the other one away.
  package func includes(_ other: TenantScope) -> Bool {
    switch other {
    case .all: self == .all
    case .only(let tenant): includes(tenant)
    }
  }

  /// Whether a text can name a tenant: 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or a digit. It is
  /// safe in addresses, headers and SQL.
  package static func isTenantName(_ text: String) -> Bool {
    guard (1...63).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-") else {
      return false
    }
    return text.utf8.allSatisfy { byte in
      (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
    }
  }
}
