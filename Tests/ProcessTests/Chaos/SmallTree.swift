import Foundation
import HoldfastTestKit

/// A small library that changes from round to round, so that each scan has something to find, and the baseline that the scan before
/// it left is part of the comparison.
struct SmallTree: Sendable {
  static let courses = 60
  static let filesPerCourse = 12

  let root: String

  init(in folder: TemporaryFolder, number: Int) throws {
    root = folder.path("tree-\(number)")
    for course in 0..<Self.courses {
      let path = self.path(of: course)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for file in 0..<Self.filesPerCourse {
        try write("\(path)/lesson-\(file).mp4", size: 10 + file)
      }
    }
  }

  private func path(of course: Int) -> String { "\(root)/category-\(course % 5)/course-\(course)" }

  /// Adds, updates, moves and removes files in every course, and makes some of them faulty.
  func change(round: Int) throws {
    let files = FileManager.default
    for course in 0..<Self.courses {
      let path = self.path(of: course)
      try write("\(path)/added-\(round).pdf", size: 20 + round % 7)
      try write("\(path)/lesson-1.mp4", size: 5000 + round)
      if round % 3 == course % 3 {
        let names = try files.contentsOfDirectory(atPath: path).sorted()
        if let old = names.first(where: { $0.hasPrefix("added-") && $0 != "added-\(round).pdf" }) {
          try files.removeItem(atPath: "\(path)/\(old)")
        }
        if names.contains("lesson-3.mp4") {
          try files.moveItem(atPath: "\(path)/lesson-3.mp4", toPath: "\(path)/moved-3.mp4")
        } else {
          try files.moveItem(atPath: "\(path)/moved-3.mp4", toPath: "\(path)/lesson-3.mp4")
        }
      }
      if course % 10 == 0 { try write("\(path)/notes-\(round % 4).exe", size: 1) }
    }
  }

  private func write(_ path: String, size: Int) throws {
    try Data(repeating: 7, count: size).write(to: URL(fileURLWithPath: path))
  }
}
