import Foundation

/// The one folder in which a run leaves files.
final class BenchFolder: Sendable {
  let path: String

  init(parent: String) throws {
    path = "\(parent)/holdfast-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  func makeFolder(_ name: String) throws -> String {
    let made = path(name)
    try FileManager.default.createDirectory(atPath: made, withIntermediateDirectories: true)
    return made
  }

  func remove() {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      say("could not remove \(path): \(error)")
    }
  }
}

/// What a reader of the figures must know of the machine.
enum Machine {
  static func describe(folder: String) -> String {
    let info = ProcessInfo.processInfo
    let memory = info.physicalMemory / (1 << 30)
    return """
      \(info.activeProcessorCount) cores, \(memory) GB, \(info.operatingSystemVersionString); \
      files under \(folder)
      """
  }
}
