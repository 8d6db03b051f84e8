import HoldfastStorage
import Logging

/// The one token that may do everything: made on the first start, given out through a file, kept as
/// a hash.
enum AdminToken {
  static let settingName = "admin_token_sha256"
  static let prefix = "hf_"

  static func file(in dataDirectory: String) -> String { dataDirectory + "/admin-token" }

  static func make() -> String { prefix + Secrets.random(32) }

  /// Whether a text has the form of a token: the prefix and 43 characters of base64url.
  static func isWellFormed(_ text: String) -> Bool {
    text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + 43
      && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
  }

  /// Makes the token on the first start, and otherwise checks that file and database still belong
  /// together.
  ///
  /// - Returns: the hash that the database keeps.
  static func ensure(
    store: any ScanStore, dataDirectory: String, logger: Logger
  ) async throws(ServerError) -> String {
    try OwnerFile.makeDirectory(dataDirectory)
    let path = file(in: dataDirectory)
    let given = try OwnerFile.read(path)
    if let hash = try await storedHash(store) {
      warnUnlessMatching(given, hash: hash, path: path, logger: logger)
      return hash
    }
    return try await adopt(given, path: path, store: store, logger: logger)
  }

  /// Puts a new token in place of the old one.
  static func rotate(store: any ScanStore, dataDirectory: String) async throws(ServerError)
    -> String
  {
    try OwnerFile.makeDirectory(dataDirectory)
    let path = file(in: dataDirectory)
    let token = make()
    try OwnerFile.replace(path, text: token)
    try await keep(Secrets.hash(token), store)
    return path
  }

  static func storedHash(_ store: any ScanStore) async throws(ServerError) -> String? {
    do {
      return try await store.setting(settingName)
    } catch {
      throw .store(error)
    }
  }

  /// The database is new. A token that the file still holds from before goes on; else there is a
  /// new one.
  private static func adopt(
    _ given: String?, path: String, store: any ScanStore, logger: Logger
  ) async throws(ServerError) -> String {
    var token = make()
    if let given {
      guard isWellFormed(given) else {
        throw .file(path: path, problem: "does not hold an admin token: move it away")
      }
      token = given
    } else if try !OwnerFile.create(path, text: token) {
      throw .file(path: path, problem: "appeared while the server was starting: start it again")
    }
    let hash = Secrets.hash(token)
    try await keep(hash, store)
    logger.notice("admin token made", metadata: ["file": .string(path)])
    return hash
  }

  private static func keep(_ hash: String, _ store: any ScanStore) async throws(ServerError) {
    do {
      try await store.setSetting(settingName, to: hash)
    } catch {
      throw .store(error)
    }
  }

  private static func warnUnlessMatching(
    _ given: String?, hash: String, path: String, logger: Logger
  ) {
    let advice =
      "the token given out before still works; `holdfast token rotate` makes a new one and ends "
      + "all "
      + "sessions"
    if let given {
      guard !Secrets.areEqual(Secrets.hash(given), hash) else { return }
      logger.warning(
        "the file's admin token is not the database's: \(advice)",
        metadata: ["file": .string(path)])
    } else {
      logger.warning(
        "the admin token's file is missing: \(advice)", metadata: ["file": .string(path)])
    }
  }
}
