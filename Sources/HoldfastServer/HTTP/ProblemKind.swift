import HTTPTypes

/// The kinds of problem that clients can tell apart. Their URIs are stable.
enum ProblemKind: String, CaseIterable, Sendable {
  case malformedRequest = "malformed-request"
  case unknownField = "unknown-field"
  case invalidValue = "invalid-value"
  case notSignedIn = "not-signed-in"
  case notPermitted = "not-permitted"
  case crossSite = "cross-site"
  case csrf = "csrf-token"
  case notFound = "not-found"
  case scanNotFound = "scan-not-found"
  case tokenNotFound = "token-not-found"
  case userNotFound = "user-not-found"
  case nameTaken = "name-taken"
  case methodNotAllowed = "method-not-allowed"
  case scopeHeld = "scope-held"
  case actionNotAllowed = "action-not-allowed"
  case idempotencyConflict = "idempotency-conflict"
  case planMoved = "plan-moved"
  case preconditionFailed = "precondition-failed"
  case workerNotFound = "worker-not-found"
  case workerRetired = "worker-retired"
  case leaseSuperseded = "lease-superseded"
  case protocolVersion = "protocol-version"
  case refusedByDatabase = "refused-by-database"
  case tooLarge = "too-large"
  case unsupportedMediaType = "unsupported-media-type"
  case hostNotServed = "host-not-served"
  case tooManyAttempts = "too-many-attempts"
  case tooManyRequests = "too-many-requests"
  case tooManyStreams = "too-many-streams"
  case unexpected = "unexpected"
  case storeUnavailable = "store-unavailable"

  var uri: String { "/problems/\(rawValue)" }

  var status: HTTPResponse.Status {
    switch self {
    case .malformedRequest, .unknownField, .invalidValue, .protocolVersion: .badRequest
    case .notSignedIn: .unauthorized
    case .notPermitted, .crossSite, .csrf: .forbidden
    case .notFound, .scanNotFound, .tokenNotFound, .userNotFound, .workerNotFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .scopeHeld, .actionNotAllowed, .idempotencyConflict, .nameTaken, .planMoved,
      .workerRetired, .leaseSuperseded:
      .conflict
    case .preconditionFailed: .preconditionFailed
    case .refusedByDatabase: .unprocessableContent
    case .tooLarge: .contentTooLarge
    case .unsupportedMediaType: .unsupportedMediaType
    case .hostNotServed: .misdirectedRequest
    case .tooManyAttempts, .tooManyRequests: .tooManyRequests
    case .unexpected: .internalServerError
    case .tooManyStreams, .storeUnavailable: .serviceUnavailable
    }
  }

  var title: String {
    switch self {
    case .malformedRequest: "The request cannot be read"
    case .unknownField: "Unknown field"
    case .invalidValue: "Invalid value"
    case .notSignedIn: "Not signed in"
    case .notPermitted: "Not permitted"
    case .crossSite: "Request from another site"
    case .csrf: "Missing or wrong CSRF token"
    case .notFound: "Not found"
    case .scanNotFound: "No such scan"
    case .tokenNotFound: "No such token"
    case .userNotFound: "No such user"
    case .nameTaken: "Name taken"
    case .methodNotAllowed: "Method not allowed"
    case .scopeHeld: "Scan already in progress"
    case .actionNotAllowed: "Not possible in this status"
    case .idempotencyConflict: "Idempotency key used for another request"
    case .planMoved: "The plan does not hold any more"
    case .preconditionFailed: "It has changed"
    case .workerNotFound: "No such worker"
    case .workerRetired: "The worker has signed off"
    case .leaseSuperseded: "The lease does not hold any more"
    case .protocolVersion: "Another version of the worker protocol"
    case .refusedByDatabase: "The database refused it"
    case .tooLarge: "Request too large"
    case .unsupportedMediaType: "Unsupported media type"
    case .hostNotServed: "Host not served here"
    case .tooManyAttempts: "Too many attempts"
    case .tooManyRequests: "Too many requests"
    case .tooManyStreams: "Too many open streams"
    case .unexpected: "Unexpected error"
    case .storeUnavailable: "Database unavailable"
    }
  }

  /// What the page at the kind's URI says: when it happens and what to do.
  var explanation: String {
    switch self {
    case .malformedRequest:
      "The body is not JSON, not the expected kind of value, or not readable at all."
    case .unknownField:
      "A member of the body or a query parameter has a name that this endpoint does not know. "
        + "The detail names the nearest one that it does."
    case .invalidValue:
      "A field has a value that cannot be taken. “field” names it; the detail says what would be "
        + "right."
    case .notSignedIn:
      "Every read of data and every write needs a token as “Authorization: Bearer …”, or a "
        + "session of the page. The admin token is in the file admin-token of the server's data "
        + "directory; “holdfast token create” makes others. A token can expire or be revoked."
    case .notPermitted:
      "The role of the token or of the session does not reach: a viewer reads, an operator submits "
        + "scans and acts on them, an admin gives others access. “required_role” says what it "
        + "takes."
    case .crossSite:
      "A write with a session's cookie must come from the server's own pages."
    case .csrf:
      "A write with a session's cookie needs that session's CSRF token, as the header "
        + "X-CSRF-Token or the form's field csrf_token. Reload the page to get a fresh one."
    case .notFound: "Nothing lives at this address."
    case .scanNotFound: "There is no scan with this UUID or number."
    case .tokenNotFound:
      "There is no token with this id, nor one in use with this name."
    case .userNotFound:
      "There is no user of this name, or one whose password is not yours to set."
    case .nameTaken: "Another one that is in use has this name; choose another."
    case .methodNotAllowed:
      "The address exists, but not for this method. The header Allow lists those that it takes."
    case .scopeHeld:
      "An active scan holds the same exclusive scope. Wait for its end, cancel it, or scan "
        + "something else."
    case .actionNotAllowed:
      "The scan's status does not allow this action: only a running scan can be paused, only a "
        + "paused one resumed, only an ended one (failed, partial or cancelled) retried, only an "
        + "active one cancelled, only a pending or running one marked as failed, only a running "
        + "or ended one requeued, only one that was failed by a cleanup or by hand reverted, only "
        + "a failed one reset."
    case .idempotencyConflict:
      "The Idempotency-Key was used before: for a scan of another kind or target, for another token, "
        + "user, tenant or schedule, or for one that is no longer there."
    case .planMoved:
      "Scans have moved since the plan was made. “plan” is the hash of what would be done now; look "
        + "at it first."
    case .preconditionFailed:
      "If-Match held the ETag of an answer that does not hold any more: somebody has changed it, or it "
        + "has moved by itself. Nothing was done. Read it again, and decide anew."
    case .workerNotFound:
      "No worker has registered here and been given this id. A worker whose server has another "
        + "database now registers anew."
    case .workerRetired:
      "This worker's life has ended, and its scans are back in the queue. A worker that goes on "
        + "registers anew."
    case .leaseSuperseded:
      "Another attempt has the scan, or it has ended. Nothing was changed. The answer holds the "
        + "order “stop”: end the work, and report no more of it."
    case .protocolVersion:
      "The worker speaks a version of the protocol that this server does not. “protocol” is the "
        + "server's: use a worker of the server's version."
    case .refusedByDatabase:
      "The database took the statement and refused it: a schema that somebody changed "
        + "(“schema_mismatch”), or a value that it cannot hold. The server's log has its words."
    case .tooLarge: "A body may have up to 1 MiB (of a worker 32 MiB), a query string up to 16 KiB."
    case .unsupportedMediaType: "Send the body as application/json."
    case .hostNotServed:
      "The Host header names a host that this server does not answer for: a guard against DNS "
        + "rebinding."
    case .tooManyAttempts: "Too many wrong tokens or codes. Retry-After says when to try again."
    case .tooManyRequests:
      "A token, or an address without one, may make so many requests a second. Retry-After says "
        + "when to go on."
    case .tooManyStreams: "The server holds as many event streams as it allows. Try again later."
    case .unexpected: "A defect of the server. Its log tells more under the request's id."
    case .storeUnavailable: "The database cannot be reached. Retry-After says when to try again."
    }
  }
}
