import FoundationEssentials
import HoldfastCore
import HoldfastNetwork
import HoldfastStorage
import Hummingbird

/// Turns a request for a scan into a submission: one way for the API, the scanner's endpoints and
/// the page.
struct Submitter: Sendable {
  let store: any ScanStore
  let kinds: KindBook
  let policies: @Sendable (_ kind: String, _ target: String) -> Policy
  /// Keeps requests from leading the workers into networks that are none of the caller's.
  var addresses = AddressGuard(rules: NetworkRules())

  struct Wish: Sendable {
    var kind: String
    var target: String
    var params: JSONValue = .object([:])
    var priority: Int = 0
    var idempotencyKey: String?
    var createdBy: String
  }

  /// - Throws: ``Problem`` of what is wrong with the wish, ``StoreError``.
  func submit(_ wish: Wish, for caller: Caller) async throws -> Submission {
    let request = try await request(for: wish)
    guard let submission = try await store.seen(by: caller).submit([request]).first else {
      throw StoreError.statement("a submission has no outcome")
    }
    if case .existing(let scan) = submission { try Self.check(scan, against: request) }
    return submission
  }

  /// - Throws: ``Problem`` of what is wrong with the wish.
  func request(for wish: Wish) async throws(Problem) -> ScanRequest {
    let (target, params) = try validated(wish)
    try await checkAddresses(wish.kind, target, params)
    return ScanRequest(
      id: Self.makeID(), kind: wish.kind, target: target, params: params,
      priority: wish.priority, policy: policies(wish.kind, target),
      idempotencyKey: wish.idempotencyKey, createdBy: wish.createdBy)
  }

  /// A key that comes again names the same request: one that asks for something else is a mistake of its sender, who would take the
  /// earlier scan for what was asked for now.
  static func check(_ scan: Scan, against request: ScanRequest) throws(Problem) {
    let isSame =
      scan.kind == request.kind && scan.target == request.target
      && scan.priority == request.priority && scan.params.isAlike(request.params)
    guard !isSame else { return }
    throw Problem(
      .idempotencyConflict,
      "The Idempotency-Key was used before, for the \(scan.kind) scan \(scan.number) of "
        + "“\(scan.target.visible)”"
        + (scan.target == request.target ? " with other parameters." : "."))
  }

  /// What the submission of a scan whose scope is held is answered with.
  static func scopeHeld(by scan: Scan) -> Problem {
    let detail = "Scan already in progress (started at \(scan.shownStart.clockTime))"
    return Problem(
      .scopeHeld, detail,
      members: [
        "message": .string(detail), "scan_id": .int(scan.number),
        "scan": .string("/api/v1/scans/\(scan.id)"),
      ])
  }

  private func validated(
    _ wish: Wish
  ) throws(Problem) -> (target: String, params: JSONValue) {
    try Text.check(wish.target, as: "target", most: 4096)
    do {
      return try kinds.validate(kind: wish.kind, target: wish.target, params: wish.params)
    } catch {
      throw Problem(error)
    }
  }

  /// - Throws: ``Problem`` of a place that the caller must not be led to.
  ///
  /// Whoever fetches looks again, at the address that it then connects to (``WebFetcher``); a program of an operator's own does not, and so
  /// this is all that keeps it.
  func checkAddresses(
    _ kind: String, _ target: String, _ params: JSONValue
  ) async throws(Problem) {
    for wish in kinds.addresses(kind: kind, target: target, params: params) {
      let refusal: NetworkRefusal?
      do throws(TargetURL.Fault) {
        let url = try TargetURL(wish.text)
        refusal =
          wish.mustBeWeb && !["http", "https"].contains(url.scheme)
          ? .notWeb(scheme: url.scheme) : await addresses.refusal(of: url)
      } catch {
        refusal = .fault(error)
      }
      if let refusal { throw .invalid(wish.field, "“\(wish.field)”: the address \(refusal).") }
    }
  }

  private static func makeID() -> ScanID {
    var random = SystemRandomNumberGenerator()
    return ScanID(
      unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000),
      random: (random.next(), random.next()))
  }
}

extension Submitter.Wish {
  /// - Parameter body: its `kind`, `target`, `params` and `priority` are read.
  init(_ body: JSONBody, _ request: Request, by actor: String) throws(Problem) {
    kind = try body.requiredText("kind")
    target = try body.requiredText("target")
    params = body.members["params"] ?? .object([:])
    priority = Int(try body.wholeNumber("priority", in: -100...100) ?? 0)
    idempotencyKey = try request.idempotencyKey
    createdBy = actor
  }
}

extension JSONValue {
  /// The same value, however a database has written its numbers down.
  func isAlike(_ other: JSONValue) -> Bool {
    switch (self, other) {
    case (.object(let own), .object(let others)):
      own.count == others.count
        && own.allSatisfy { name, value in others[name].map(value.isAlike) ?? false }
    case (.array(let own), .array(let others)):
      own.count == others.count && zip(own, others).allSatisfy { $0.isAlike($1) }
    case (.int, .double), (.double, .int), (.double, .double): doubleValue == other.doubleValue
    default: self == other
    }
  }
}

extension Problem {
  init(_ error: ParameterError) {
    let kind: ProblemKind =
      if case .unknownParameter = error { .unknownField } else { .invalidValue }
    let error = error.shortened
    self.init(kind, "\(error)", field: error.field)
  }
}

extension ParameterError {
  /// With an excerpt of what was sent.
  fileprivate var shortened: ParameterError {
    switch self {
    case .unknownKind(let name, let nearest, let known):
      .unknownKind(name.excerpt, nearest: nearest, known: known)
    case .unknownParameter(let name, let nearest, let known):
      .unknownParameter(name.excerpt, nearest: nearest, known: known)
    case .wrongType, .badValue: self
    }
  }
}
