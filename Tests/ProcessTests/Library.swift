import Foundation
import HoldfastTestKit

/// A learning library made for one test, in two states: what the previous scan saw, and what has become of it since. The
/// second has files added, updated, removed and moved, and one of each fault that root can make.
final class Library: Sendable {
  /// Large enough that a scan writes several batches and checkpoints.
  static let categories = 6
  static let coursesPerCategory = 50
  static let filesPerCourse = 40

  let folder: TemporaryFolder
  var root: String { folder.path("library") }

  init() throws {
    folder = try TemporaryFolder(prefix: "holdfast-library")
    for category in 0..<Self.categories {
      for course in 0..<Self.coursesPerCategory {
        let path = courseFolder(category, course)
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: true)
        for file in 0..<Self.filesPerCourse {
          try write("\(path)/lesson-\(file).mp4", size: 100 + file)
        }
      }
    }
  }

  /// The folder of a course.
  private func courseFolder(_ category: Int, _ course: Int) -> String {
    "\(root)/category-\(category)/course-\(course)"
  }

  /// Changes something in every course, so that a scan has work wherever it is interrupted.
  func change() throws {
    let files = FileManager.default
    for category in 0..<Self.categories {
      for course in 0..<Self.coursesPerCategory {
        let path = courseFolder(category, course)
        try write("\(path)/added-é-\(course).pdf", size: 10)
        try write("\(path)/lesson-1.mp4", size: 9000 + course)
        try files.removeItem(atPath: "\(path)/lesson-2.mp4")
        try files.moveItem(atPath: "\(path)/lesson-3.mp4", toPath: "\(path)/moved-3.mp4")
        try write("\(path)/notes.exe", size: 1)
      }
      try write("\(courseFolder(category, 0))/huge.mp4", size: 300_000)
      try files.createSymbolicLink(
        atPath: "\(courseFolder(category, 1))/outside.mp4", withDestinationPath: "/etc/hostname")
    }
  }

  /// The parameters under which the faults are faults.
  static let arguments = ["--allowed-extensions", "mp4,pdf", "--max-size", "200000"]

  private func write(_ path: String, size: Int) throws {
    try Data(repeating: 7, count: size).write(to: URL(fileURLWithPath: path))
  }
}
