import ArgumentParser
import HoldfastCore
import HoldfastEngine
import HoldfastRemote
import HoldfastStorage
import Logging
import ServiceLifecycle

/// Which server a worker works for.
struct RemoteOptions: ParsableArguments {
  @Option(name: .long, help: .setting(.server, "url"))
  var server: String?

  @Option(name: .long, help: .setting(.serverTokenFile, "file"), completion: .file())
  var tokenFile: String?

  @Option(name: .long, help: .setting(.serverAuthority, "file"), completion: .file())
  var serverCa: String?

  var flags: [SettingName: String] {
    var flags: [SettingName: String] = [:]
    flags[.server] = server
    flags[.serverTokenFile] = tokenFile
    flags[.serverAuthority] = serverCa
    return flags
  }
}

/// A worker that knows a server and no database.
struct RemoteWork {
  let composition: Composition
  let address: String

  func run(slots: Int) async throws -> ExitStatus {
    let (settings, logger) = (composition.configuration, composition.logger)
    let store = try open()
    do throws(RemoteRefusal) {
      try await store.greet()
    } catch {
      await store.close()
      throw CommandFailure(error)
    }
    do throws(CommandFailure) {
      try composition.prepareDataDirectory()
    } catch {
      await store.close()
      throw error
    }
    logger.notice(
      "working for a server", metadata: ["server": .string(DisplayText.escaped(address))])
    let worker = composition.worker(
      store, slots: slots, kinds: settings.workerKinds ?? settings.kinds.runnable ?? [])
    do {
      let status = try await Daemon(services: [WorkerService(worker: worker)], logger: logger).run()
      await store.close()
      return status
    } catch {
      await store.close()
      throw error
    }
  }

  private func open() throws -> RemoteStore {
    let settings = composition.configuration
    let token = try readToken(settings.serverTokenFile)
    do throws(RemoteRefusal) {
      let server = try ServerAddress(address, authorityPath: settings.serverAuthority)
      if server.isPlain, !server.isLoopback {
        composition.logger.warning(
          "the server is asked without TLS: whoever is between can read the token and the scans",
          metadata: ["server": .string(server.text)])
      }
      return try RemoteStore(
        address: server, token: token,
        heartbeatIntervalSeconds: settings.policies.shortestHeartbeatSeconds,
        logger: composition.logger)
    } catch {
      throw CommandFailure(error)
    }
  }

  private func readToken(_ path: String) throws(CommandFailure) -> String {
    let advice =
      "`holdfast token create NAME --role worker --all-tenants` on the server makes a token; "
      + "--token-file names the file that holds it"
    let text: String?
    do throws(ProcessEnvironment.FileError) {
      text = try ProcessEnvironment.readFile(path)
    } catch {
      throw CommandFailure(
        .configuration,
        "the token's file \(DisplayText.escaped(path)) cannot be read: \(error.reason)",
        detail: advice)
    }
    guard let text else {
      throw CommandFailure(
        .configuration, "there is no token's file \(DisplayText.escaped(path))", detail: advice)
    }
    let token = text.trimmingBlanks()
    // It goes into a header as it is.
    guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw CommandFailure(
        .configuration, "the file \(DisplayText.escaped(path)) does not hold a token",
        detail: advice)
    }
    return token
  }
}

extension CommandFailure {
  init(_ refusal: RemoteRefusal) {
    switch refusal {
    case .address: self.init(.usage, "\(refusal)")
    case .unreachable: self.init(.databaseUnavailable, "\(refusal)")
    case .authority, .notHoldfast, .withoutWorkers, .token, .version:
      self.init(.configuration, "\(refusal)")
    }
  }
}
