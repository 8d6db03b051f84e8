import Logging
import NIOPosix
import Synchronization

/// The keys of one issuer, from files that are read again when they change: a new key counts without a restart, and one that was
/// taken away counts no more.
final class JWTKeyring: Sendable {
  /// How long files are believed not to have changed.
  static let usualInterval: Duration = .seconds(1)

  private let interval: Duration
  private let issuer: JWTIssuer
  private let logger: Logger
  private let state: Mutex<State>

  private struct Source: Sendable, Hashable {
    var path: String
    /// `nil` for a key set, whose keys have their own.
    var kid: String?
  }

  private struct Loaded: Sendable {
    var keys: [String: JWTKey] = [:]
    /// Of the file as it was looked at last, whether it could be read or not.
    var stamp: TrustedFile.Stamp?
  }

  private struct State {
    var files: [Source: Loaded]
    var checkedAt: ContinuousClock.Instant
  }

  private init(
    issuer: JWTIssuer, interval: Duration, logger: Logger, files: [Source: Loaded]
  ) {
    self.interval = interval
    self.issuer = issuer
    self.logger = logger
    state = Mutex(State(files: files, checkedAt: .now))
  }

  /// - Throws: ``ServerError`` for a file that cannot be used, and for a key that is there twice.
  static func start(
    _ issuer: JWTIssuer, interval: Duration = usualInterval, logger: Logger
  ) async throws(ServerError) -> JWTKeyring {
    var files: [Source: Loaded] = [:]
    var known: Set<String> = []
    for source in sources(of: issuer) {
      let loaded: Loaded
      do {
        loaded = try await load(source)
      } catch {
        throw .file(path: source.path, problem: "\(error.text) (jwt.\(issuer.name))")
      }
      guard known.isDisjoint(with: loaded.keys.keys) else {
        throw .file(
          path: source.path, problem: "has a key that jwt.\(issuer.name) has from another file")
      }
      known.formUnion(loaded.keys.keys)
      files[source] = loaded
    }
    return JWTKeyring(issuer: issuer, interval: interval, logger: logger, files: files)
  }

  func key(_ kid: String) async -> JWTKey? {
    await refresh()
    return state.withLock { state in
      state.files.values.lazy.compactMap { $0.keys[kid] }.first
    }
  }

  private static func sources(of issuer: JWTIssuer) -> [Source] {
    issuer.keyFiles.sorted { $0.key < $1.key }.map { Source(path: $0.value, kid: $0.key) }
      + (issuer.keySetFile.map { [Source(path: $0, kid: nil)] } ?? [])
  }

  private func refresh() async {
    let isDue = state.withLock { [interval] state in
      guard ContinuousClock.now - state.checkedAt >= interval else { return false }
      state.checkedAt = .now
      return true
    }
    guard isDue else { return }
    for source in Self.sources(of: issuer) { await refresh(source) }
  }

  private func refresh(_ source: Source) async {
    let path = source.path
    let known = state.withLock { $0.files[source]?.stamp }
    let stamp: TrustedFile.Stamp?
    do {
      stamp = try await NIOThreadPool.singleton.runIfActive { TrustedFile.stamp(path) }
    } catch {
      // The pool is gone only when the process is about to be.
      return
    }
    guard stamp != known else { return }
    let metadata: Logger.Metadata = ["issuer": "\(issuer.name)", "file": "\(path)"]
    do throws(TrustedFile.Problem) {
      let loaded = try await Self.load(source)
      state.withLock { $0.files[source] = loaded }
      logger.notice("keys of access tokens read again", metadata: metadata)
    } catch {
      state.withLock { state in
        state.files[source, default: Loaded()].stamp = stamp
        // Taken away is taken away. What cannot be read may be half written.
        if error.isMissing { state.files[source]?.keys = [:] }
      }
      let outcome = error.isMissing ? "its keys count no more" : "its keys of before still count"
      logger.warning("a file of keys \(error.text): \(outcome)", metadata: metadata)
    }
  }

  private static func load(_ source: Source) async throws(TrustedFile.Problem) -> Loaded {
    let path = source.path
    let read: Result<(text: String, stamp: TrustedFile.Stamp), TrustedFile.Problem>
    do {
      read = try await NIOThreadPool.singleton.runIfActive {
        do throws(TrustedFile.Problem) {
          return .success(try TrustedFile.read(path))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw TrustedFile.Problem(text: "cannot be read: \(error)")
    }
    let (text, stamp) = try read.get()
    do throws(JWTKey.Problem) {
      guard let kid = source.kid else {
        return Loaded(keys: try await JWTKey.keySet(text), stamp: stamp)
      }
      return Loaded(keys: [kid: try await JWTKey(pem: text)], stamp: stamp)
    } catch {
      throw TrustedFile.Problem(text: error.text)
    }
  }
}
