import Foundation
import HoldfastTestKit
import Testing

@testable import HoldfastServer

@Suite struct SecretsTests {
  @Test func tokensHaveTheirFormAndDiffer() {
    let token = AdminToken.make()
    #expect(token.hasPrefix("hf_"))
    #expect(AdminToken.isWellFormed(token))
    #expect(token != AdminToken.make())
    #expect(!AdminToken.isWellFormed("hf_short"))
    #expect(!AdminToken.isWellFormed(String(token.dropLast()) + "!"))
  }

  @Test func hashesAreThoseOfEverybodyElse() {
    #expect(
      Secrets.hash("abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func sessionsAreProvedByTheirSignature() throws {
    let signer = SessionSigner(secret: "secret", tokenHash: "hash")
    let session = signer.makeSession(for: .admin, now: 1000)
    let value = signer.value(of: session)
    #expect(signer.session(from: value, now: 1001) == session)
    #expect(signer.session(from: value, now: 1000 + 12 * 3600) == nil)
    #expect(signer.session(from: value + "x", now: 1001) == nil)
    let parts = value.split(separator: ".").map(String.init)
    let longer = "\(parts[0]).\(parts[1]).99999999999.\(parts[3]).\(parts[4])"
    #expect(signer.session(from: longer, now: 1001) == nil)
    let another = "\(parts[0]).\(parts[1]).\(parts[2]).token:1.\(parts[4])"
    #expect(signer.session(from: another, now: 1001) == nil)
    #expect(signer.session(from: "", now: 1001) == nil)
    #expect(signer.session(from: "v1...", now: 1001) == nil)
  }

  @Test func aNewTokenOrKeyEndsSessions() {
    let session = SessionSigner(secret: "secret", tokenHash: "hash").makeSession(
      for: .token(id: "t1"), now: 1000)
    let value = SessionSigner(secret: "secret", tokenHash: "hash").value(of: session)
    for other in [
      SessionSigner(secret: "secret", tokenHash: "new"),
      SessionSigner(secret: "other", tokenHash: "hash"),
    ] {
      #expect(other.session(from: value, now: 1001) == nil)
    }
  }

  @Test func csrfTokensBelongToTheirSession() {
    let signer = SessionSigner(secret: "secret", tokenHash: "hash")
    let first = signer.makeSession(for: .admin, now: 1000)
    let second = signer.makeSession(for: .admin, now: 1000)
    #expect(first.csrfToken != second.csrfToken)
    #expect(first.id != second.id)
  }

  @Test func codesWorkOnceAndForAMinute() throws {
    let codes = SignInCodes()
    let now = ContinuousClock.now
    let code = try #require(codes.make(for: .admin, now: now))
    #expect(codes.redeem("another", now: now) == nil)
    #expect(codes.redeem(code, now: now + .seconds(59)) == .admin)
    #expect(codes.redeem(code, now: now + .seconds(59)) == nil)
    let late = try #require(codes.make(for: .admin, now: now))
    #expect(codes.redeem(late, now: now + .seconds(60)) == nil)
  }

  @Test func openCodesAreBounded() throws {
    let codes = SignInCodes()
    let now = ContinuousClock.now
    for _ in 0..<SignInCodes.most { _ = try #require(codes.make(for: .admin, now: now)) }
    #expect(codes.make(for: .admin, now: now) == nil)
    #expect(codes.make(for: .admin, now: now + .seconds(61)) != nil)
  }

  @Test func guessersAreSlowedDown() {
    let throttle = SignInThrottle()
    let now = ContinuousClock.now
    for second in 0..<SignInThrottle.mostPerPeer {
      #expect(throttle.wait(for: "a", now: now + .seconds(second)) == nil)
      throttle.recordFailure(of: "a", now: now + .seconds(second))
    }
    #expect(throttle.wait(for: "a", now: now + .seconds(10)) == .seconds(50))
    #expect(throttle.wait(for: "b", now: now + .seconds(10)) == nil)
    #expect(throttle.wait(for: "a", now: now + .seconds(60)) == nil)
  }

  /// Tries that are still being looked at count as wrong: a thousand at once are no more than five in a row.
  @Test func guessesThatComeAtOnceCount() throws {
    let throttle = SignInThrottle()
    let now = ContinuousClock.now
    let first = try throttle.begin("a", now: now)
    for _ in 1..<SignInThrottle.mostPerPeer { _ = try throttle.begin("a", now: now) }
    #expect(throws: SignInThrottle.Refusal.self) { try throttle.begin("a", now: now) }
    _ = try throttle.begin("b", now: now)
    throttle.succeeded(first)
    _ = try throttle.begin("a", now: now)
    #expect(throws: SignInThrottle.Refusal.self) { try throttle.begin("a", now: now) }
    _ = try throttle.begin("a", now: now + SignInThrottle.window)
  }

  /// One subscriber has 2⁶⁴ addresses of version 6.
  @Test func addressesOfOneSubscriberAreOne() {
    #expect(ServerContext.network(of: "192.0.2.7") == "192.0.2.7")
    #expect(ServerContext.network(of: "::ffff:192.0.2.7") == "::ffff:192.0.2.7")
    let one = ServerContext.network(of: "2001:db8:1:2:3:4:5:6")
    #expect(one == "2001:db8:1:2::/64")
    #expect(ServerContext.network(of: "2001:db8:1:2:ffff::1") == one)
    #expect(ServerContext.network(of: "2001:db8:1:3::1") != one)
  }

  @Test func requestsComeBackWithTime() throws {
    let limiter = RateLimiter(RateLimit(perSecond: 2, burst: 3))
    let now = ContinuousClock.now
    for _ in 0..<3 { #expect(limiter.take("a", now: now) == nil) }
    let wait = try #require(limiter.take("a", now: now))
    #expect(abs(wait - 0.5) < 0.001)
    #expect(limiter.take("b", now: now) == nil)
    #expect(limiter.take("a", now: now + .milliseconds(400)) != nil)
    #expect(limiter.take("a", now: now + .milliseconds(501)) == nil)
    // However long it is quiet, it saves up no more than the burst.
    for _ in 0..<3 { #expect(limiter.take("a", now: now + .seconds(900)) == nil) }
    #expect(limiter.take("a", now: now + .seconds(900)) != nil)
  }

  @Test func manyGuessersAreSlowedDownTogether() {
    let throttle = SignInThrottle()
    let now = ContinuousClock.now
    for peer in 0..<SignInThrottle.mostInAll { throttle.recordFailure(of: "\(peer)", now: now) }
    #expect(throttle.wait(for: "new", now: now) == SignInThrottle.window)
  }

  @Test func secretFilesAreTheirOwnersAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("secret")
    #expect(try OwnerFile.read(path) == nil)
    #expect(try OwnerFile.create(path, text: "text"))
    #expect(try !OwnerFile.create(path, text: "other"))
    #expect(try OwnerFile.read(path) == "text")
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try OwnerFile.replace(path, text: "new")
    #expect(try OwnerFile.read(path) == "new")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["secret"])
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(throws: ServerError.self) { try OwnerFile.read(path) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: path)
    #expect(throws: ServerError.self) { try OwnerFile.read(folder.path("link")) }
  }
}
