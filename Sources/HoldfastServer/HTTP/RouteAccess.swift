import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// What an address asks of its callers. This is the one table of it: a route without a row here is for admins of the installation
/// alone, and a test fails until it has one.
enum RouteAccess: Sendable, Hashable {
  /// For everybody, signed in or not.
  case open
  /// For this role and those above it.
  case role(Role)
  /// For workers: of a tenant or of all of them, and for operators of all tenants and those above them.
  case workers
  /// For viewers and those above them, and for workers.
  case viewersAndWorkers
  /// For an admin of all tenants.
  case installation

  /// By method and path as they are registered; `HEAD` is as `GET`.
  static let table: [String: RouteAccess] = {
    var table: [String: RouteAccess] = [
      "GET /health": .open,
      "GET /sign-in": .open,
      "POST /sign-in": .open,
      "GET /sign-in/github": .open,
      "GET /sign-in/github/callback": .open,
      "GET /assets/{name}": .open,
      "GET /favicon.ico": .open,
      "GET /problems/{name}": .open,
      "GET /openapi.yaml": .open,
      "GET /docs": .open,

      "GET /": .role(.viewer),
      "GET /overview": .role(.viewer),
      "GET /scans/{id}": .role(.viewer),
      "GET /scans/{id}/why": .role(.viewer),
      "POST /scans": .role(.operator),
      "GET /bulk": .role(.operator),
      "POST /bulk": .role(.operator),
      "GET /workers": .role(.viewer),
      "GET /policies": .role(.viewer),
      "GET /schedules": .role(.viewer),
      "POST /schedules": .role(.operator),
      "POST /schedules/{name}/remove": .role(.operator),
      "GET /tokens": .role(.admin),
      "POST /tokens": .role(.admin),
      "POST /tokens/{id}/revoke": .role(.admin),
      "POST /tokens/{id}/rotate": .role(.admin),
      "GET /users": .role(.admin),
      "POST /users": .role(.admin),
      "POST /users/{name}/role": .role(.admin),
      "POST /users/{name}/password": .role(.admin),
      "GET /audit-log": .role(.admin),
      "GET /account": .role(.viewer),
      "POST /account": .role(.viewer),
      "GET /new": .role(.viewer),
      "GET /new/{name}": .role(.viewer),
      "POST /new/{name}": .role(.operator),
      "GET /cleanup": .role(.viewer),
      "POST /cleanup": .role(.operator),
      "GET /reset": .role(.viewer),
      "POST /reset": .role(.operator),
      "POST /sign-out": .role(.viewer),
      "POST /api/v1/sign-in-codes": .role(.viewer),

      "GET /api/v1/scans": .role(.viewer),
      "POST /api/v1/scans": .role(.operator),
      "GET /api/v1/scans/{id}": .role(.viewer),
      "DELETE /api/v1/scans/{id}": .role(.admin),
      "GET /api/v1/scans/{id}/events": .role(.viewer),
      "GET /api/v1/scans/{id}/why": .role(.viewer),
      "GET /api/v1/scans/{id}/errors": .role(.viewer),
      "GET /api/v1/scans/{id}/items": .role(.viewer),
      "GET /api/v1/scans/{id}/checkpoint": .role(.viewer),
      "GET /api/v1/scans/{id}/progress": .role(.viewer),
      "POST /api/v1/bulk-actions": .role(.operator),
      "GET /api/v1/policies": .role(.viewer),
      "GET /api/v1/policies/{kind}": .role(.viewer),
      "GET /api/v1/check": .role(.viewer),
      "POST /api/v1/safe-submissions": .role(.operator),
      "GET /api/v1/kinds": .role(.viewer),
      "GET /api/v1/activity": .role(.viewer),
      "POST /api/v1/unlock": .role(.operator),
      "GET /api/v1/sweep": .role(.viewer),
      "GET /api/v1/sweeps": .installation,
      "POST /api/v1/plans": .role(.viewer),
      "POST /api/v1/plans/{hash}/apply": .role(.operator),
      "GET /api/v1/queue": .role(.viewer),
      "GET /api/v1/schedules": .role(.viewer),
      "POST /api/v1/schedules": .role(.operator),
      "GET /api/v1/schedules/{name}": .role(.viewer),
      "DELETE /api/v1/schedules/{name}": .role(.operator),
      "GET /api/v1/schedules/{name}/next": .role(.viewer),
      "GET /health/detailed": .role(.viewer),
      "GET /health/workers": .role(.viewer),
      "GET /api/v1/events": .role(.viewer),
      "GET /api/v1/workers": .role(.viewer),
      "GET /api/v1/workers/{id}": .viewersAndWorkers,
      "GET /api/v1/worker-protocol": .workers,
      "POST /api/v1/workers": .workers,
      "DELETE /api/v1/workers/{id}": .workers,
      "POST /api/v1/workers/{id}/claim": .workers,
      "POST /api/v1/workers/{id}/heartbeat": .workers,
      "POST /api/v1/workers/{id}/reports": .workers,
      "POST /api/v1/workers/{id}/questions": .workers,
      "POST /api/v1/workers/{id}/release": .workers,
      "POST /api/v1/workers/{id}/diagnoses": .workers,
      "POST /api/v1/workers/{id}/earlier-lives": .workers,
      "GET /api/v1/workers/{id}/rhythms": .workers,
      "GET /api/v1/workers/{id}/signals": .workers,

      "POST /api/scanner/scan": .role(.operator),
      "GET /api/scanner/status": .role(.viewer),
      "GET /api/scanner/history": .role(.viewer),
      "POST /api/audit": .role(.operator),
      "GET /api/admin/cleanup-scans": .role(.viewer),
      "POST /api/admin/cleanup-scans": .role(.operator),
      "PUT /api/admin/cleanup-scans/{id}": .role(.operator),
      "POST /api/admin/reset-scans": .role(.operator),

      "GET /api/v1/tokens": .role(.admin),
      "POST /api/v1/tokens": .role(.admin),
      "POST /api/v1/tokens/{id}/revoke": .role(.admin),
      "POST /api/v1/tokens/{id}/rotate": .role(.admin),
      "GET /api/v1/users": .role(.admin),
      "POST /api/v1/users": .role(.admin),
      "POST /api/v1/users/{name}/role": .role(.admin),
      "POST /api/v1/users/{name}/password": .role(.admin),
      "GET /api/v1/tenants": .role(.viewer),
      "POST /api/v1/tenants": .installation,
      "GET /api/v1/audit-log": .role(.admin),
      "GET /api/v1/me": .viewersAndWorkers,
      "POST /api/v1/me/password": .role(.viewer),
    ]
    for action in OperatorAction.allCases {
      table["POST /api/v1/scans/{id}/\(action.rawValue)"] = .role(.operator)
      table["POST /scans/{id}/\(action.rawValue)"] = .role(.operator)
    }
    return table
  }()

  static func of(_ method: HTTPRequest.Method, _ path: String) -> RouteAccess {
    table["\(method == .head ? .get : method) \(path)"] ?? .installation
  }

  /// Whether anybody may come here. An open address with another method is one that anybody may know not to take it.
  ///
  /// - Parameter path: the route's as it was registered, which is none where no route answers.
  static func isOpen(_ request: Request, at path: String?) -> Bool {
    if of(request.method, path ?? "") == .open { return true }
    let segments = request.uri.path.split(separator: "/")
    return openAddresses.contains { RouteTable.matches($0, segments) }
  }

  private static let openAddresses = table.filter { $0.value == .open }.keys.map { name in
    name.drop { $0 != "/" }.split(separator: "/")
  }

  /// - Throws: ``Problem`` for somebody who may not.
  func check(_ identity: Identity?) throws(Problem) {
    switch self {
    case .open: return
    case .role(let role):
      guard let identity else { throw .notSignedIn() }
      guard identity.role >= role else {
        throw Problem(
          .notPermitted,
          "This needs the role \(role.rawValue); \(identity.actor.visible) is "
            + "\(identity.role.rawValue).",
          members: ["required_role": .string(role.rawValue)])
      }
    case .workers:
      guard let identity else { throw .notSignedIn() }
      guard identity.mayWork else {
        throw Problem(
          .notPermitted,
          "This needs the role worker, of a tenant or of all of them (`holdfast token create NAME "
            + "--role worker --all-tenants`).",
          members: ["required_role": .string(Role.worker.rawValue)])
      }
    case .viewersAndWorkers:
      if identity?.role != .worker { try RouteAccess.role(.viewer).check(identity) }
    case .installation:
      guard let identity else { throw .notSignedIn() }
      guard identity.isInstallationAdmin else {
        throw Problem(
          .notPermitted, "This needs the role admin over all tenants.",
          members: ["required_role": .string(Role.admin.rawValue)])
      }
    }
  }
}

extension Problem {
  /// - Parameter error: the code of RFC 6750, 3.1, for what was shown and refused.
  static func notSignedIn(
    _ detail: String = "Send a token as “Authorization: Bearer …”. The admin token is in the file "
      + "admin-token of the server's data directory; `holdfast token create` makes others.",
    error: String? = nil
  ) -> Problem {
    let challenge = "Bearer realm=\"holdfast\"" + (error.map { ", error=\"\($0)\"" } ?? "")
    return Problem(.notSignedIn, detail, headers: [.wwwAuthenticate: challenge])
  }
}
