import Crypto
import CryptoExtras
import FoundationEssentials
import NIOPosix

/// Passwords as they are kept: scrypt with a salt of their own, as `scrypt$32768$8$3$salt$key`. The numbers go with each, so that
/// later ones can cost more.
package enum Password {
  package static let leastLength = 12
  package static let mostBytes = 1024

  /// OWASP's parameters for scrypt with 32 MiB: about a fifth of a second of one core.
  private static let rounds = 32_768
  private static let blockSize = 8
  private static let parallelism = 3

  /// One at a time, on a thread of its own: a flood of sign-ins costs one core and 32 MiB, not the server.
  private static let thread: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 1)
    pool.start()
    return pool
  }()

  /// What is wrong with a password that somebody wants; `nil` if it can be one.
  package static func problem(with password: String) -> String? {
    if password.count < leastLength { return "must have at least \(leastLength) characters" }
    if password.utf8.count > mostBytes { return "must have at most \(mostBytes) bytes" }
    return nil
  }

  package static func hash(_ password: String) async throws -> String {
    let salt = Secrets.random(16)
    let key = try await derive(
      password, salt: salt, rounds: rounds, blockSize: blockSize, parallelism: parallelism)
    return "scrypt$\(rounds)$\(blockSize)$\(parallelism)$\(salt)$\(key)"
  }

  /// - Parameter hash: `nil` where nobody has the name: it takes as long, and is wrong.
  static func isRight(_ password: String, for hash: String?) async throws -> Bool {
    let parts = (hash ?? nobody).split(separator: "$", omittingEmptySubsequences: false)
    guard password.utf8.count <= mostBytes, parts.count == 6, parts[0] == "scrypt",
      let rounds = Int(parts[1]), let blockSize = Int(parts[2]), let parallelism = Int(parts[3])
    else { return false }
    let key = try await derive(
      password, salt: String(parts[4]), rounds: rounds, blockSize: blockSize,
      parallelism: parallelism)
    return Secrets.areEqual(key, String(parts[5])) && hash != nil
  }

  private static let nobody = "scrypt$\(rounds)$\(blockSize)$\(parallelism)$\(Secrets.random(16))$-"

  private static func derive(
    _ password: String, salt: String, rounds: Int, blockSize: Int, parallelism: Int
  ) async throws -> String {
    try await thread.runIfActive {
      let key = try KDF.Scrypt.deriveKey(
        from: Data(password.utf8), salt: Data(salt.utf8), outputByteCount: 32, rounds: rounds,
        blockSize: blockSize, parallelism: parallelism)
      return key.withUnsafeBytes { Secrets.base64URL(Array($0)) }
    }
  }
}
