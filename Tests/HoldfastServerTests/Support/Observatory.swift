import NIOHTTP1

/// Scores an answer over TLS by the rules of Mozilla's HTTP Observatory, as `mdn/mdn-http-observatory` has them (`src/grader/charts.js`
/// and `src/analyzer/tests`, read in 2026): 100 points, less what is missing, plus what is more than needed if 90 are left.
struct Observatory {
  let headers: HTTPHeaders
  let page: String

  /// One of its tests, and what its outcome is worth.
  struct Finding: Equatable {
    var test: String
    var outcome: String
    var modifier: Int
  }

  var findings: [Finding] {
    [
      contentSecurityPolicy, cookies, crossOriginResourceSharing, referrerPolicy,
      strictTransportSecurity, subresourceIntegrity, contentTypeOptions, frameOptions,
      crossOriginResourcePolicy,
    ]
  }

  var score: Int {
    let modifiers = findings.map(\.modifier)
    let score = 100 + modifiers.filter { $0 < 0 }.reduce(0, +)
    guard score >= 90 else { return max(0, score) }
    return score + modifiers.filter { $0 > 0 }.reduce(0, +)
  }

  var grade: String {
    let grades = [
      (100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (60, "C+"), (50, "C"),
      (45, "C-"), (40, "D+"), (30, "D"), (25, "D-"),
    ]
    return grades.first { score >= $0.0 }?.1 ?? "F"
  }

  // MARK: The policy

  private var policy: [String: Set<String>] {
    var policy: [String: Set<String>] = [:]
    for header in headers["content-security-policy"] {
      for directive in header.split(separator: ";") {
        let words = directive.split(separator: " ").map { $0.lowercased() }
        guard let name = words.first, policy[name] == nil else { continue }
        policy[name] = Set(words.dropFirst())
      }
    }
    return policy
  }

  private static let broad: Set<String> = [
    "ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*",
  ]
  private static let inline: Set<String> = ["'unsafe-inline'", "data:"]

  private var contentSecurityPolicy: Finding {
    let (outcome, modifier) = judgedPolicy
    return Finding(test: "content-security-policy", outcome: outcome, modifier: modifier)
  }

  private var judgedPolicy: (String, Int) {
    let policy = policy
    guard !policy.isEmpty else { return ("not implemented", -25) }
    func sources(_ name: String) -> Set<String> { policy[name] ?? policy["default-src"] ?? ["*"] }
    func isInsecure(_ source: String) -> Bool {
      source.hasPrefix("http:") || source.hasPrefix("ftp:")
    }
    let passive = ["img-src", "media-src"]
    let scripts = sources("script-src")
    if !scripts.isDisjoint(with: Self.broad.union(Self.inline))
      || !sources("object-src").isDisjoint(with: Self.broad)
    {
      return ("unsafe-inline", -20)
    }
    let active = policy.filter { !passive.contains($0.key) }.values.flatMap { $0 }
    if active.contains(where: isInsecure) { return ("insecure scheme", -20) }
    if scripts.union(sources("style-src")).contains("'unsafe-eval'") { return ("unsafe-eval", -10) }
    if passive.flatMap({ policy[$0] ?? policy["default-src"] ?? [] }).contains(where: isInsecure) {
      return ("insecure scheme in passive content", -10)
    }
    if !sources("style-src").isDisjoint(with: Self.broad.union(Self.inline)) {
      return ("unsafe in style-src", 0)
    }
    return policy["default-src"] == ["'none'"]
      ? ("no unsafe, default-src none", 10) : ("no unsafe", 5)
  }

  // MARK: The rest

  private var cookies: Finding {
    func finding(_ outcome: String, _ modifier: Int) -> Finding {
      Finding(test: "cookies", outcome: outcome, modifier: modifier)
    }
    let cookies = headers["set-cookie"].map { $0.lowercased() }
    if cookies.isEmpty { return finding("none", 0) }
    // All of ours are of sessions.
    if cookies.contains(where: { !$0.contains("; secure") }) { return finding("not secure", -40) }
    if cookies.contains(where: { !$0.contains("; httponly") }) {
      return finding("not httponly", -30)
    }
    let areSameSite = cookies.allSatisfy {
      $0.contains("; samesite=strict") || $0.contains("; samesite=lax")
    }
    return areSameSite ? finding("secure, httponly, samesite", 5) : finding("no samesite", 0)
  }

  private var crossOriginResourceSharing: Finding {
    let isOpen =
      headers.first(name: "access-control-allow-origin") != nil
      && headers.first(name: "access-control-allow-credentials")?.lowercased() == "true"
    return Finding(
      test: "cross-origin-resource-sharing", outcome: isOpen ? "universal access" : "none",
      modifier: isOpen ? -50 : 0)
  }

  private var referrerPolicy: Finding {
    let isPrivate: Set<String> = [
      "no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin",
    ]
    let value = headers.first(name: "referrer-policy")?.lowercased()
    let modifier = value.map { isPrivate.contains($0) ? 5 : -5 } ?? 0
    return Finding(test: "referrer-policy", outcome: value ?? "none", modifier: modifier)
  }

  private var strictTransportSecurity: Finding {
    let value = headers.first(name: "strict-transport-security")
    let seconds = value?.split(separator: ";").first { $0.hasPrefix("max-age=") }
      .flatMap { Int($0.dropFirst("max-age=".count)) }
    // Six months. Preloading, worth 5, is the operator's to ask for.
    let modifier = seconds.map { $0 >= 15_768_000 ? 0 : -10 } ?? -20
    return Finding(
      test: "strict-transport-security", outcome: value ?? "none", modifier: modifier)
  }

  private var subresourceIntegrity: Finding {
    let isElsewhere = page.matches(of: /<script[^>]+src="(https?:)?\/\//).isEmpty == false
    return Finding(
      test: "subresource-integrity",
      outcome: isElsewhere ? "scripts from elsewhere" : "own scripts",
      modifier: isElsewhere ? -50 : 0)
  }

  private var contentTypeOptions: Finding {
    let value = headers.first(name: "x-content-type-options")?.lowercased()
    return Finding(
      test: "x-content-type-options", outcome: value ?? "none",
      modifier: value == "nosniff" ? 0 : -5)
  }

  private var frameOptions: Finding {
    func finding(_ outcome: String, _ modifier: Int) -> Finding {
      Finding(test: "x-frame-options", outcome: outcome, modifier: modifier)
    }
    if let ancestors = policy["frame-ancestors"], ancestors.isDisjoint(with: Self.broad) {
      return finding("by the policy", 5)
    }
    let value = headers.first(name: "x-frame-options")?.lowercased()
    return ["deny", "sameorigin"].contains(value) ? finding("own", 0) : finding("none", -20)
  }

  private var crossOriginResourcePolicy: Finding {
    let value = headers.first(name: "cross-origin-resource-policy")?.lowercased()
    let modifier =
      switch value {
      case "same-origin", "same-site": 10
      case nil, "cross-origin": 0
      default: -5
      }
    return Finding(
      test: "cross-origin-resource-policy", outcome: value ?? "none", modifier: modifier)
  }
}
