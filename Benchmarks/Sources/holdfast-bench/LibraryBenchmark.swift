import Foundation

/// A whole `holdfast scan library` of a large tree, first and again unchanged, beside `find` on the same tree in
/// alternating runs. The command's own start, its database and its runner process are inside the time.
struct LibraryBenchmark {
  let binary: String
  let files: Int
  let runs: Int
  let folder: BenchFolder

  func run(into table: inout Table) async throws {
    say("Library: making a tree of \(files) files")
    let tree = try await LibraryTree(files: files, path: folder.makeFolder("library")).make()
    let entries = Double(tree.files)
    var first: [Double] = []
    for number in 0..<min(runs, 3) {
      first.append(entries / (try await scan(tree.path, database: "first-\(number)")))
    }
    _ = try await scan(tree.path, database: "again")
    var find: [Double] = []
    var again: [Double] = []
    for _ in 0..<runs {
      find.append(entries / (try await findAll(tree.path)))
      again.append(entries / (try await scan(tree.path, database: "again")))
    }
    table.add(Row("library, first scan", first.median, "files/s", .higherIsBetter))
    table.add(
      Row(
        "library, unchanged", again.median, "files/s", target: find.median, .higherIsBetter,
        reference: ("find -printf", find.median)))
  }

  private func scan(_ path: String, database: String) async throws -> Double {
    let data = folder.path("data-\(database)")
    let (output, seconds) = try await holdfast_bench.run(
      binary, ["scan", "library", path, "--json", "--data-dir", data])
    guard output.contains("\"completed\"") else {
      throw BenchFailure("the library scan did not complete: \(output.prefix(500))")
    }
    return seconds
  }

  private func findAll(_ path: String) async throws -> Double {
    try await holdfast_bench.run(
      "/bin/sh", ["-c", "exec find \"$1\" -type f -printf '%s %T@ %p\\n' > /dev/null", "sh", path]
    ).seconds
  }
}

/// Categories of courses of files, as a learning library has.
struct LibraryTree {
  static let filesPerCourse = 100
  static let coursesPerCategory = 100

  let files: Int
  let path: String

  /// Makes the files on a thread of its own; what is there already stays.
  func make() async throws -> LibraryTree {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try makeBlocking() }) }
    }
    return self
  }

  private func makeBlocking() throws {
    var made = 0
    while made < files {
      let course = made / Self.filesPerCourse
      let folder = "\(path)/category-\(course / Self.coursesPerCategory)/course-\(course)"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      for number in 0..<min(Self.filesPerCourse, files - made) {
        let file = open("\(folder)/lesson-\(number).mp4", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw BenchFailure("cannot make a file in \(folder)") }
        ftruncate(file, 1000 + made % 5000)
        close(file)
        made += 1
      }
    }
  }
}
