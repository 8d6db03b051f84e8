import FoundationEssentials
import Glibc
import HoldfastCore

/// The plans that dry runs have printed, in the data folder: `--apply HASH` of one that does not hold any more can then say what has
/// moved. They hold no secrets, decide nothing, and may be removed at any time.
struct PlanFolder {
  private let path: String
  /// The oldest beyond these are removed.
  private static let most = 50

  init(dataDirectory: String) { path = dataDirectory + "/plans" }

  /// - Returns: why it could not be kept; `nil` if it was.
  func keep(_ plan: RecoveryPlan) -> String? {
    if mkdir(path, 0o700) != 0, errno != EEXIST { return String(cString: strerror(errno)) }
    do {
      let data = try JSONEncoder().encode(plan)
      try data.write(to: URL(filePath: file(plan.hash)), options: .atomic)
      try prune()
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The plan with this hash; `nil` if none was kept, or what was kept cannot be read any more.
  func plan(_ hash: String) throws(CommandFailure) -> RecoveryPlan? {
    guard !hash.isEmpty, hash.utf8.count <= 64, hash.allSatisfy({ $0.isHexDigit }) else {
      throw CommandFailure(
        .usage, "--apply: “\(DisplayText.escaped(hash))” is not the hash of a plan",
        detail: "`holdfast cleanup --dry-run` prints it")
    }
    // Only the words of a refusal depend on it.
    guard let data = try? Data(contentsOf: URL(filePath: file(hash))) else { return nil }
    return try? JSONDecoder().decode(RecoveryPlan.self, from: data)
  }

  private func file(_ hash: String) -> String { "\(path)/\(hash).json" }

  private func prune() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    guard names.count > Self.most else { return }
    let ages = names.map { name -> (name: String, changed: Date) in
      // One that somebody else has just removed counts as the oldest.
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      return (name, attributes?[.modificationDate] as? Date ?? .distantPast)
    }
    for old in ages.sorted(by: { $0.changed > $1.changed }).dropFirst(Self.most) {
      unlink("\(path)/\(old.name)")
    }
  }
}
