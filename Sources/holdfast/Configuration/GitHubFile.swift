import HoldfastCore
import HoldfastServer
import Yams

/// Reads the `github` of `holdfast.yaml`: who signs in with an account there, and as what.
struct GitHubFile {
  private(set) var settings: GitHubSettings?
  private(set) var problems: [ConfigurationError.Problem] = []

  private static let known = [
    "client_id", "client_secret_file", "server", "api", "public_url", "access",
  ]
  private static let who = ["login", "organization", "team"]

  init(_ node: Node, file: String) {
    var group = GroupReader(node, path: "github", file: file, known: Self.known)
    let id = group.requiredText("client_id")
    let secret = group.requiredText("client_secret_file")
    let server = Self.address("server", &group) ?? GitHubSettings.publicServer
    let api = Self.address("api", &group)
    let publicURL = Self.address("public_url", &group)
    let entries = Self.entries(&group, file: file)
    problems = group.problems + entries.problems
    guard let id, let secret, problems.isEmpty else { return }
    // A GitHub of one's own has its API beneath itself.
    let usualAPI =
      server == GitHubSettings.publicServer ? GitHubSettings.publicAPI : server + "/api/v3"
    settings = GitHubSettings(
      clientID: id, secretFile: secret, server: server, api: api ?? usualAPI,
      publicURL: publicURL, access: entries.access)
  }

  private static func entries(
    _ group: inout GroupReader, file: String
  ) -> (access: [GitHubSettings.Entry], problems: [ConfigurationError.Problem]) {
    guard let node = group.members.first(where: { $0.name == "access" })?.value,
      case .sequence(let sequence) = node, !sequence.isEmpty
    else {
      group.refuse(
        member: "access", " needs “access”: a list such as {organization: acme, role: viewer}")
      return ([], [])
    }
    var access: [GitHubSettings.Entry] = []
    var problems: [ConfigurationError.Problem] = []
    for (index, node) in sequence.enumerated() {
      var entry = GroupReader(
        node, path: "github.access[\(index + 1)]", file: file, known: who + ["role", "tenant"])
      let whom = whom(&entry)
      _ = entry.requiredText("role")
      let role = entry.role("role", of: Role.ofPeople)
      let tenant = entry.tenant("tenant") ?? TenantScope.defaultTenant
      if let whom, let role { access.append(.init(who: whom, role: role, tenant: tenant)) }
      problems += entry.problems
    }
    return (access, problems)
  }

  private static func whom(_ entry: inout GroupReader) -> GitHubSettings.Who? {
    let given = who.filter { entry.has($0) }
    guard given.count == 1 else {
      entry.refuse(member: given.last ?? "role", " needs one of \(who.joined(separator: ", "))")
      return nil
    }
    guard let name = entry.text(given[0]) else { return nil }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ GitHubSettings.isName($0) }),
      parts.count == (given[0] == "team" ? 2 : 1)
    else {
      let form = given[0] == "team" ? "ORGANIZATION/TEAM" : "a name"
      entry.refuse(member: given[0], ".\(given[0]) takes \(form) as in GitHub's addresses")
      return nil
    }
    switch given[0] {
    case "login": return .login(name)
    case "organization": return .organization(name)
    default: return .team(organization: String(parts[0]), slug: String(parts[1]))
    }
  }

  /// An address without a slash at its end. Whatever is told there must not be read on the way: plain HTTP is for this machine alone.
  private static func address(_ name: String, _ group: inout GroupReader) -> String? {
    guard let text = group.text(name) else { return nil }
    do throws(TargetURL.Fault) {
      let url = try TargetURL(text)
      let isLocal = ["localhost", "127.0.0.1", "[::1]"].contains(url.hostText)
      guard url.scheme == "https" || url.scheme == "http" && isLocal else {
        group.refuse(member: name, ".\(name) must begin with https://")
        return nil
      }
      let written = url.description
      return written.hasSuffix("/") ? String(written.dropLast()) : written
    } catch {
      group.refuse(member: name, ".\(name): the address \(error)")
      return nil
    }
  }
}
