/// Keeps secrets out of what evidence shows of command lines, log lines and targets.
///
/// It knows what secrets are usually called (`--token x`, `PGPASSWORD=x`, `Authorization: x`),
/// where URLs carry them, and how some begin. It errs towards masking: a masked port is a nuisance,
/// a shown password is not.
package enum SecretMask {
  static let mask = "***"

  /// A command line with the values of password-like options masked.
  package static func arguments(_ arguments: [String]) -> [String] {
    var masked: [String] = []
    let program = arguments.first.map(baseName) ?? ""
    var isNextSecret = false
    for (index, argument) in arguments.enumerated() {
      if isNextSecret {
        masked.append(mask)
        isNextSecret = false
        continue
      }
      if index > 0, let short = shortOption(argument, of: program) {
        masked.append(short)
        isNextSecret = short.utf8.count == 2
        continue
      }
      if longOptions[program]?.contains(argument) == true { isNextSecret = true }
      if argument.contains(where: \.isWhitespace) {
        masked.append(text(argument))
      } else {
        masked.append(word(argument, &isNextSecret))
      }
    }
    return masked
  }

  /// Free text: each of its words as if it were an argument.
  static func text(_ text: String) -> String {
    var result = ""
    var isNextSecret = false
    var quote: Character?
    var rest = text[...]
    while let first = rest.first {
      if first.isWhitespace {
        if quote == nil { result.append(first) }
        rest.removeFirst()
        continue
      }
      let part = rest.prefix { !$0.isWhitespace }
      rest = rest[part.endIndex...]
      if let open = quote {
        // The inside of a quoted secret, up to its closing quote.
        if part.contains(open) { quote = nil }
        continue
      }
      if isNextSecret {
        isNextSecret = isScheme(part)
        result += isNextSecret ? String(part) : mask
        quote = openQuote(of: part)
      } else {
        result += word(String(part), &isNextSecret)
      }
    }
    return result
  }

  // MARK: Words

  private static func word(_ word: String, _ isNextSecret: inout Bool) -> String {
    if hasSecretPrefix(word) { return mask }
    if let scheme = word.firstRange(of: "://") {
      return url(word, authorityFrom: scheme.upperBound)
    }
    if let sign = word.firstIndex(where: { $0 == "=" || $0 == ":" }) {
      let name = word[..<sign]
      let value = word[word.index(after: sign)...]
      if isSecretName(name) {
        if value.isEmpty || isScheme(value) { isNextSecret = true }
        return value.isEmpty ? word : "\(word[...sign])\(mask)"
      }
      return word
    }
    if word.hasPrefix("-"), isSecretName(word[...]) { isNextSecret = true }
    if isScheme(word[...]) { isNextSecret = true }
    return word
  }

  /// `Bearer` and `Basic` stand before a secret.
  private static func isScheme(_ word: Substring) -> Bool {
    ["bearer", "basic"].contains(word.lowercased())
  }

  private static func isSecretName(_ name: Substring) -> Bool {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    if name.hasPrefix("--no-") { return false }
    return secretNames.contains { plain.contains($0) } || wholeNames.contains(plain)
  }

  private static let secretNames = [
    "password", "passwd", "passphrase", "passwort", "secret", "token", "apikey", "accesskey",
    "privatekey", "credential", "authorization", "cookie", "signature", "connectionstring",
    "databaseurl", "passin", "passout",
  ]
  private static let wholeNames: Set<String> = [
    "pass", "pwd", "auth", "key", "sig", "pw", "dsn", "sas", "bearer", "proxyuser", "pgpass",
    "mysqlpwd", "sshpass",
  ]

  private static func hasSecretPrefix(_ word: String) -> Bool {
    let bare = word.drop { $0 == "\"" || $0 == "'" }
    return bare.utf8.count >= 16
      && ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "sk-", "xoxb-", "xoxp-", "AKIA", "eyJ"]
        .contains { bare.hasPrefix($0) }
  }

  private static func openQuote(of part: Substring) -> Character? {
    guard let quote = part.first, quote == "\"" || quote == "'" else { return nil }
    return part.dropFirst().contains(quote) ? nil : quote
  }

  // MARK: URLs

  /// Masks the password of the authority (a long user name too: tokens are given as one) and
  /// secrets of the query.
  private static func url(_ url: String, authorityFrom start: String.Index) -> String {
    var head = String(url[..<start])
    var rest = url[start...]
    if let equals = head.firstIndex(where: { $0 == "=" }), isSecretName(head[..<equals]) {
      return "\(head[...equals])\(mask)"
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // A password that was not escaped may hold “@” or “/” itself; the last “@” ends it. In a path
    // of the web an “@” is usual.
    let isWeb = head.hasSuffix("http://") || head.hasSuffix("https://")
    let end = isWeb ? authority.lastIndex(of: "@") : unescapedEnd(of: rest)
    if let at = end ?? authority.lastIndex(of: "@") ?? unescapedEnd(of: rest) {
      let user = rest[..<at]
      if let colon = user.firstIndex(of: ":") {
        head += "\(user[...colon])\(mask)"
      } else {
        head += user.utf8.count >= 16 ? mask : String(user)
      }
      rest = rest[at...]
    }
    guard let question = rest.firstIndex(of: "?") else { return head + rest }
    let query = rest[rest.index(after: question)...].split(
      separator: "&", omittingEmptySubsequences: false)
    let pairs = query.map { pair -> String in
      guard let equals = pair.firstIndex(of: "="), isSecretName(pair[..<equals]) else {
        return String(pair)
      }
      return "\(pair[...equals])\(mask)"
    }
    return head + rest[...question] + pairs.joined(separator: "&")
  }

  private static func unescapedEnd(of rest: Substring) -> Substring.Index? {
    guard let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") else {
      return nil
    }
    // `host:port/path@version` has no password: what follows its colon is a number.
    let port = rest[rest.index(after: colon)...].prefix { $0.isNumber }
    let after = rest[port.endIndex...].first
    return !port.isEmpty && after == "/" ? nil : at
  }

  // MARK: Short options

  /// One-letter options that take a secret, by program.
  private static let shortOptions: [String: Set<Character>] = [
    "mysql": ["p"], "mysqldump": ["p"], "mysqladmin": ["p"], "mariadb": ["p"],
    "mariadb-dump": ["p"], "sshpass": ["p"], "redis-cli": ["a"], "curl": ["u", "U", "b"],
    "ldapsearch": ["w"], "ldapmodify": ["w"], "zip": ["P"], "unzip": ["P"], "7z": ["p"],
    "docker": ["p"], "podman": ["p"], "smbclient": ["U"], "openssl": ["k", "K"],
    "mongo": ["p"], "mongosh": ["p"], "mongodump": ["p"], "sqlcmd": ["P"], "ipmitool": ["P"],
  ]

  /// Long options that take a secret without being called one.
  private static let longOptions: [String: Set<String>] = [
    "curl": ["--user", "--proxy-user"], "wget": ["--user"],
  ]

  /// `-p` (its value follows), or `-p***` for one that holds its value; `nil` for anything else.
  private static func shortOption(_ argument: String, of program: String) -> String? {
    guard argument.hasPrefix("-"), !argument.hasPrefix("--"),
      let letter = argument.dropFirst().first,
      shortOptions[program]?.contains(letter) == true
    else { return nil }
    return argument.count == 2 ? argument : "-\(letter)\(mask)"
  }

  private static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
