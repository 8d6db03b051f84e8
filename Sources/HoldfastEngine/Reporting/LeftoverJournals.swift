import Glibc
import HoldfastCore
import HoldfastStorage
import Logging
import NIOPosix

/// What earlier lives on this machine could no longer tell the database.
struct LeftoverJournals: Sendable {
  /// The folder with one folder for each life.
  let folder: String
  let writer: ReportWriter
  /// Whether this database has had a worker's life with this id. A journal is told to no other database than its life's own.
  let isOurs: @Sendable (String) async throws(StoreError) -> Bool
  let logger: Logger

  /// Delivers them in their order and removes them. Those of a worker that runs beside this one are its own affair. What cannot be
  /// read whole is set aside and said loudly: a report that nobody could read is not one that nobody needs.
  func deliver() async throws(StoreError) {
    let folder = folder
    for name in await blocking({ Journal.names(in: folder) }) ?? []
    where !name.hasPrefix(Journal.asidePrefix) {
      let path = folder + "/" + name
      guard let journal = await open(path) else { continue }
      guard try await isOurs(name) else {
        logger.warning(
          "a journal belongs to another database and stays where it is",
          metadata: ["journal": "\(path)"])
        continue
      }
      let told = try await deliver(journal)
      let counts: Logger.Metadata = [
        "journal": "\(path)", "applied": "\(told.applied)", "refused": "\(told.refused)",
      ]
      if let fault = told.fault {
        let aside = await blocking { try journal.setAside() }
        logger.critical(
          "🚨 Emergency progress recovery: a journal could not be read whole; it is kept",
          metadata: counts.merging([
            "error": "\(fault)", "kept": "\(aside ?? path)",
          ]) { $1 })
      } else {
        await blocking { journal.remove() }
        logger.notice(
          "🧹 STARTUP CLEANUP: delivered what an earlier life had journaled", metadata: counts)
      }
    }
  }

  private struct Told {
    var applied = 0
    var refused = 0
    /// Why not all of it could be read.
    var fault: String?
  }

  private func deliver(_ journal: Journal) async throws(StoreError) -> Told {
    var position = Journal.Position()
    var told = Told()
    while true {
      let from = position
      let read = await blocking { () -> Read in
        do throws(JournalError) {
          return .success(try journal.read(from: from))
        } catch {
          return .failure(error)
        }
      }
      switch read {
      case nil: told.fault = "the worker ends"
      case .failure(let error): told.fault = error.description
      case .success(let (entries, next)):
        for outcome in try await writer.write(entries.map(\.report)) {
          if outcome == .applied { told.applied += 1 } else { told.refused += 1 }
        }
        position = next
        if !entries.isEmpty { continue }
        let unreadable = journal.unreadableLines
        if unreadable > 0 { told.fault = "\(unreadable) lines are damaged" }
      }
      return told
    }
  }

  private typealias Read = Result<
    (entries: [Journal.Entry], next: Journal.Position), JournalError
  >

  private func open(_ path: String) async -> Journal? {
    await blocking { () -> Journal? in
      var information = stat()
      guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
        return nil
      }
      do throws(JournalError) {
        return try Journal.reopen(folder: path)
      } catch .inUse {
        return nil
      }
    } ?? nil
  }

  /// Runs what blocks on a pool of threads. A failure is said and leaves the journal where it is.
  @discardableResult
  private func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async -> Result? {
    do {
      return try await NIOThreadPool.singleton.runIfActive(body)
    } catch {
      logger.error("a journal of an earlier life cannot be read", metadata: ["error": "\(error)"])
      return nil
    }
  }
}
