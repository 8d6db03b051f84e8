import Foundation
import HoldfastCore
import HoldfastScanners
import HoldfastTestKit
import Testing

/// A scan that is stopped or killed at any point, and resumed, ends as an undisturbed one does.
@Suite struct DisturbanceTests {
  @Test(arguments: 0..<40) func endsLikeAnUndisturbedScan(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tree = RandomTree(try TemporaryFolder(), generator)
    try tree.grow(folders: 40, files: 150)
    var params: [String: JSONValue] = ["allow_removal": .bool(seed.isMultiple(of: 2))]
    if seed.isMultiple(of: 3) { params["hash"] = true }
    if seed.isMultiple(of: 5) { params["follow_links"] = true }
    if seed.isMultiple(of: 7) { params["allowed_extensions"] = ["a", "b"] }
    let json = JSONValue.object(params)
    var library = StoredLibrary()
    for _ in 0..<3 {
      let calm = FakeWorker(tree.folder.path, params: json, library: library)
      let result = try calm.attempt()
      let troubled = FakeWorker(
        tree.folder.path, params: json, library: library,
        tuning: .init(walkers: 2, progressSeconds: 0.0005, checkpointSeconds: 0.0003),
        batchBytes: Int.random(in: 1...2000, using: &generator))
      troubled.answerBytes = Int.random(in: 1...5000, using: &generator)
      #expect(try disturbed(troubled, &generator).resultOfLast == result)
      #expect(troubled.scan.items == calm.scan.items)
      #expect(troubled.scan.errors == calm.scan.errors)
      #expect(troubled.library.parts == calm.library.parts)
      #expect(troubled.library.summary?.summary == calm.library.summary?.summary)
      library = calm.library
      try tree.mutate(times: 40)
    }
  }

  /// Runs attempts, disturbed at random points, until one comes to its end.
  private func disturbed(
    _ worker: FakeWorker, _ generator: inout SeededGenerator
  ) throws -> (resultOfLast: AttemptResult, attempts: Int) {
    var reach = 5
    for attempt in 1... {
      let point = Int.random(in: 1...reach, using: &generator)
      let disturbance: FakeWorker.Disturbance =
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: .stop(afterMessages: point)
        case 1: .kill(afterMessages: point)
        default: .killAndForget(afterMessages: point)
        }
      let result = try worker.attempt(disturbance)
      if case .finished(let finish) = result, finish.outcome != .stopped {
        return (result, attempt)
      }
      // A scan whose attempts are all cut shorter than its first checkpoint would never end.
      reach += 3
    }
    return (.killed, 0)
  }

  @Test func stopsPromptlyInTheMiddleOfALargeFile() throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("c")
    // 40 GB of nothing: sparse, and minutes to hash.
    let file = open(folder.path("c/large"), O_CREAT | O_WRONLY, 0o644)
    try check(ftruncate(file, 40 << 30), "ftruncate")
    close(file)
    let worker = FakeWorker(
      folder.path, params: ["hash": true], tuning: .init(progressSeconds: 0.001))
    let clock = ContinuousClock()
    var result = AttemptResult.killed
    let time = try clock.measure { result = try worker.attempt(.stop(afterMessages: 4)) }
    #expect(result == .finished(.init(outcome: .stopped)))
    #expect(worker.scan.checkpoint != Optional.none)
    #expect(time < .seconds(10))
  }

  @Test func checkpointOfAnotherBaselineIsNotUsed() throws {
    let tree = RandomTree(try TemporaryFolder(), SeededGenerator(seed: 1))
    try tree.grow(folders: 20, files: 60)
    let first = FakeWorker(tree.folder.path)
    _ = try first.attempt()
    let stopped = FakeWorker(
      tree.folder.path, tuning: .init(checkpointSeconds: 0.0001), batchBytes: 1)
    _ = try stopped.attempt(.kill(afterMessages: 30))
    stopped.replace(library: first.library)
    let result = try stopped.attempt()
    guard case .finished(let finish) = result else { return }
    #expect(finish.summary == first.library.summary?.summary)
  }
}

/// A tree that grows and changes by chance; the same seed gives the same tree and the same changes.
final class RandomTree {
  let folder: TemporaryFolder
  private var generator: SeededGenerator
  private var folders: [String] = [""]
  private var files: [String] = []
  private var count = 0

  init(_ folder: TemporaryFolder, _ generator: SeededGenerator) {
    self.folder = folder
    self.generator = generator
  }

  func grow(folders folderCount: Int, files fileCount: Int) throws {
    for _ in 0..<folderCount { try addFolder() }
    for _ in 0..<fileCount { try addFile() }
    for _ in 0..<6 { try addLink() }
  }

  func mutate(times: Int) throws {
    for _ in 0..<times {
      switch Int.random(in: 0..<14, using: &generator) {
      case 0..<3: try addFile()
      case 3: try addFolder()
      case 4..<7: try remove()
      case 7..<9: try rewrite()
      case 9..<11: try moveFile()
      case 11: try moveFolder()
      case 12: try touch()
      default: try addLink()
      }
    }
  }

  private func name() -> String {
    count += 1
    let odd = ["", "é", "\n", "\\", "\"", " "].randomElement(using: &generator) ?? ""
    let ending = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
    return "\(Int.random(in: 0..<100, using: &generator))\(odd)-\(count).\(ending)"
  }

  private func place() -> String {
    let folder = folders.randomElement(using: &generator) ?? ""
    return folder.isEmpty ? name() : "\(folder)/\(name())"
  }

  private func addFolder() throws {
    let path = place()
    try folder.makeFolder(path)
    folders.append(path)
  }

  private func addFile() throws {
    let path = place()
    try folder.write(path, String(repeating: "x", count: .random(in: 0...50, using: &generator)))
    files.append(path)
  }

  private func addLink() throws {
    let target =
      [
        folders.randomElement(using: &generator).map { folder.path($0) }, "/etc", "..",
        "../../../../..",
      ]
      .compactMap(\.self).randomElement(using: &generator) ?? ".."
    try folder.link(place(), to: target)
  }

  private func file() -> String? { files.randomElement(using: &generator) }

  private func remove() throws {
    guard let path = file() else { return }
    try folder.remove(path)
    files.removeAll { $0 == path }
  }

  private func rewrite() throws {
    guard let path = file() else { return }
    try folder.write(path, String(repeating: "y", count: .random(in: 51...90, using: &generator)))
  }

  private func moveFile() throws {
    guard let path = file() else { return }
    let new = place()
    try folder.move(path, to: new)
    files.removeAll { $0 == path }
    files.append(new)
  }

  private func moveFolder() throws {
    guard let old = folders.dropFirst().randomElement(using: &generator) else { return }
    let new = name()
    try folder.move(old, to: new)
    func moved(_ path: String) -> String {
      path == old || path.hasPrefix(old + "/") ? new + path.dropFirst(old.count) : path
    }
    folders = folders.map(moved)
    files = files.map(moved)
  }

  private func touch() throws {
    guard let path = file() else { return }
    try folder.touch(path, seconds: .random(in: 1_000_000_000...1_700_000_000, using: &generator))
  }
}
