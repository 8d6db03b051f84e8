import Glibc
import HoldfastCore

/// What is to be known of the root before anything in it is judged: that it is there, and that it is still the same file
/// system.
struct LibrarySurvey: Sendable {
  struct Failure: Error, Hashable {
    var message: String
  }

  let root: RootFolder
  /// The mount point that the root lies on, in its text form; `nil` if the system does not tell.
  let mountPoint: String?
  /// Mount points below the root, relative to it, in their text form: those of now, and those lost ones whose files are kept.
  let mounts: [String]
  /// Folders on which something was mounted at the previous scan, and is not now.
  let lostMounts: Set<[UInt8]>

  static func make(
    _ start: WorkerMessage.Start, _ rules: LibraryRules
  ) -> Result<LibrarySurvey, Failure> {
    let root: RootFolder
    switch RootFolder.open(start.target) {
    case .success(let opened): root = opened
    case .failure(let error): return .failure(failure(error, start.target))
    }
    let table = MountTable.current()
    let point = table?.covering(root.realPath)
    let before = start.baseline?.summary ?? .null
    // A library that was moved off a file system for good is scanned again with leave to remove.
    if let table, let point, !rules.allowRemoval,
      let lost = lostMount(before, root, point, table)
    {
      return .failure(
        Failure(
          message:
            "The file system at \(lost), which held the library at the previous scan, is not "
            + "mounted. Nothing was removed. Mount it, or scan again with --allow-removal "
            + "(allow_removal)."))
    }
    let below = table?.below(root.realPath) ?? []
    let known = (before["mounts"]?.arrayValue ?? []).compactMap {
      $0.stringValue.map(PathKey.path)
    }
    let lost = table == nil || rules.allowRemoval ? [] : Set(known).subtracting(below)
    return .success(
      LibrarySurvey(
        root: root, mountPoint: point.map(PathKey.text),
        mounts: (below + lost.sorted { $0.lexicographicallyPrecedes($1) }).map(PathKey.text),
        lostMounts: lost))
  }

  private static func failure(_ error: SystemError, _ target: String) -> Failure {
    let reason =
      switch error.code {
      case ENOENT: "does not exist"
      case ENOTDIR: "is not a folder"
      case EACCES, EPERM: "cannot be opened: permission denied"
      default: "cannot be opened: \(error.text)"
      }
    return Failure(message: "The root \(target) \(reason). Nothing was removed.")
  }

  /// The text form of the mount point that the root lay on, if what the root lies on now is further up.
  private static func lostMount(
    _ before: JSONValue, _ root: RootFolder, _ point: [UInt8], _ table: MountTable
  ) -> String? {
    guard let old = before["mount_point"]?.stringValue.map(PathKey.path),
      MountTable.isAt(root.realPath, orBelow: old), point.count < old.count
    else { return nil }
    return PathKey.text(old)
  }
}
