/// The part of `docs/configuration.md` on who may use the server.
enum AccessReference {
  static var lines: [String] { github + jwt + network }

  private static let jwt = [
    "## Access tokens of services", "",
    "Under `jwt`, each entry is somebody whose signed access tokens (JWT) the server accepts, under a name of your own.",
    "What they are for is in [who may use it](security.md#services).", "",
    "```yaml",
    "jwt:",
    "  ci:",
    "    issuer: https://id.example.com/",
    "    audience: holdfast",
    "    jwks: /etc/holdfast/jwks.json",
    "    keys:",
    "      \"2026-01\": /etc/holdfast/2026-01.pem",
    "    role_claim: groups",
    "    roles: {deployers: operator, auditors: viewer}",
    "    tenant_claim: team",
    "    tenants: [acme, other]",
    "```", "",
    "| member | takes |",
    "| --- | --- |",
    "| `issuer` | what the token's `iss` must be, to the letter |",
    "| `audience` | what its `aud` must be, or hold |",
    "| `keys` | files of public keys in PEM, by `kid`: ES256, ES384, EdDSA (Ed25519), or RS256 from 2048 bits |",
    "| `jwks` | the file of a JSON Web Key Set; `alg` decides, or the type of the key (RS256 for RSA) |",
    "| `role` | the role of every token |",
    "| `role_claim`, `roles` | instead: the claim (`realm_access.roles` leads into groups; `scope` has words), and the role of each "
      + "value, of which the highest counts; without `roles`, the values are roles themselves |",
    "| `tenant` | the tenant of every token, `*` for all; `default` where nothing is said |",
    "| `tenant_claim`, `tenants` | instead: the claim, and the values that it may have |",
    "| `leeway_seconds` | how far the clocks may differ, 0 to 300; 30 |",
    "| `longest_life_minutes` | tokens that live longer are refused, 1 to 1440; 60 |", "",
    "`serve` reads the files when they change, within a second. They must belong to root or to the user that runs Holdfast, and be",
    "writable by nobody else.", "",
  ]

  private static let github = [
    "## Signing in with GitHub", "",
    "Under `github`, the OAuth app with which people sign in on the pages, and who may. More is in",
    "[who may use it](security.md#people-with-accounts-at-github).", "",
    "```yaml",
    "github:",
    "  client_id: Iv1.0123456789abcdef",
    "  client_secret_file: /etc/holdfast/github-secret",
    "  access:",
    "    - {login: octocat, role: admin, tenant: \"*\"}",
    "    - {team: acme-inc/operators, role: operator, tenant: acme}",
    "    - {organization: acme-inc, role: viewer, tenant: acme}",
    "```", "",
    "| member | takes |",
    "| --- | --- |",
    "| `client_id` | the OAuth app's id |",
    "| `client_secret_file` | the file of its secret, readable by its owner only; read anew for each sign-in |",
    "| `access` | a list of `login`, `organization` or `team` (`ORGANIZATION/TEAM`), each with a `role` and a `tenant` (`*` for all; "
      + "`default`); the first that fits somebody counts |",
    "| `server` | a GitHub of one's own; `https://github.com` |",
    "| `api` | its API; `SERVER/api/v3`, or `https://api.github.com` |",
    "| `public_url` | where browsers reach Holdfast, if not under the name of the request; the app's callback is "
      + "`PUBLIC_URL/sign-in/github/callback` |", "",
  ]

  private static let network = [
    "## Where scans may lead", "",
    "Requests through the API and the pages can lead workers to places of the public internet alone, unless `network` allows more:",
    "",
    "```yaml",
    "network:",
    "  allow: [10.20.0.0/16, \"fd00:20::/32\", intranet.example, \"*.corp.example\"]",
    "```", "",
    "An entry is a network, an address, a name (whatever it resolves to), or every name under one (`*.`).",
    "[What is refused](security.md#where-scans-may-lead) and for which kinds is told there.", "",
  ]
}
