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
  let logger: Logger

  /// Delivers them in their order and removes them. Those of a worker that runs beside this one are its own affair.
  func deliver() async throws(StoreError) {
    let folder = folder
    for name in await blocking({ Journal.names(in: folder) }) ?? [] {
      let path = folder + "/" + name
      guard let journal = await open(path) else { continue }
      let (applied, refused) = try await deliver(journal)
      await blocking { journal.remove() }
      logger.notice(
        "🧹 STARTUP CLEANUP: delivered what an earlier life had journaled",
        metadata: ["journal": "\(path)", "applied": "\(applied)", "refused": "\(refused)"])
    }
  }

  private func deliver(
    _ journal: Journal
  ) async throws(StoreError) -> (applied: Int, refused: Int) {
    var position = Journal.Position()
    var (applied, refused) = (0, 0)
    while true {
      let from = position
      let read = await blocking { () -> (entries: [Journal.Entry], next: Journal.Position)? in
        try journal.read(from: from)
      }
      guard let (entries, next) = read ?? nil, !entries.isEmpty else {
        return (applied, refused)
      }
      for outcome in try await writer.write(entries.map(\.report)) {
        if outcome == .applied { applied += 1 } else { refused += 1 }
      }
      position = next
    }
  }

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
