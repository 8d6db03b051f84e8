// swift-tools-version: 6.2
import PackageDescription

// The parts under measurement are `package`, that is, visible inside the package whose name is its folder's. The
// benchmark compiles under that name, so that no declaration becomes public for its sake.
let folder = Context.packageDirectory.split(separator: "/").dropLast().last ?? ""
let holdfast = String(folder.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })

let package = Package(
  name: "holdfast-benchmarks",
  dependencies: [
    .package(name: "holdfast", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .executableTarget(
      name: "holdfast-bench",
      dependencies: [
        .product(name: "HoldfastParts", package: "holdfast"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["peers"],
      packageAccess: false,
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .unsafeFlags(["-package-name", holdfast]),
      ])
  ]
)
