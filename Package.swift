// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target: Swift 6 with the language's coming defaults switched on.
let settings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ] + strictness

/// `make check` and `make test` set this: a warning in a target of Holdfast's own is an error there, and stays a warning
/// for somebody who builds with another compiler.
var strictness: [SwiftSetting] {
  Context.environment["HOLDFAST_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
}

let package = Package(
  name: "holdfast",
  products: [
    .executable(name: "holdfast", targets: ["holdfast"]),
    // For the benchmarks, a package of their own beside this one.
    .library(
      name: "HoldfastParts",
      targets: ["HoldfastCore", "HoldfastStorage", "HoldfastEngine", "HoldfastTestKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.29.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(
      url: "https://github.com/swift-server/async-http-client", from: "1.37.0", traits: []),
    .package(
      url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    .target(name: "CLibpq", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CHoldfastSystem"),

    .target(name: "HoldfastCore", swiftSettings: settings),
    .target(
      name: "HoldfastStorage",
      dependencies: [
        "HoldfastCore", "CLibpq", "CHoldfastSystem",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastEngine",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "CHoldfastSystem",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastScanners",
      dependencies: ["HoldfastCore", "CHoldfastSystem"],
      swiftSettings: settings),
    .target(
      name: "HoldfastNetwork",
      dependencies: [
        "HoldfastCore",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastServer",
      dependencies: [
        "HoldfastCore", "HoldfastNetwork", "HoldfastStorage", "CHoldfastSystem",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdHTTP2", package: "hummingbird"),
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ],
      resources: [
        .embedInCode("Resources/Templates"),
        .embedInCode("Resources/Assets"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastRemote",
      dependencies: [
        "HoldfastCore", "HoldfastStorage",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastBrowser",
      dependencies: ["HoldfastCore", "CHoldfastSystem"],
      swiftSettings: settings),
    .executableTarget(
      name: "holdfast",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastEngine", "HoldfastScanners",
        "HoldfastRemote", "HoldfastServer", "CHoldfastSystem",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastTestKit",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "CHoldfastSystem",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "HoldfastSimulation",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastEngine",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "holdfast-sim",
      dependencies: [
        "HoldfastSimulation",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .testTarget(
      name: "HoldfastCoreTests", dependencies: ["HoldfastCore"], swiftSettings: settings),
    .testTarget(
      name: "StoreConformanceTests",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastEngine", "HoldfastTestKit",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "HoldfastEngineTests",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastEngine", "HoldfastTestKit", "CHoldfastSystem",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "HoldfastScannersTests",
      dependencies: ["HoldfastCore", "HoldfastScanners", "HoldfastTestKit", "CHoldfastSystem"],
      swiftSettings: settings),
    .testTarget(
      name: "HoldfastServerTests",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastEngine", "HoldfastNetwork", "HoldfastRemote",
        "HoldfastServer", "HoldfastTestKit", "holdfast",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "holdfast", "HoldfastCore", "HoldfastEngine", "HoldfastStorage", "HoldfastTestKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Golden/Help"], swiftSettings: settings),
    .testTarget(
      name: "ProcessTests",
      dependencies: [
        "HoldfastCore", "HoldfastStorage", "HoldfastTestKit", "holdfast", "CHoldfastSystem",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SimulationTests", dependencies: ["HoldfastSimulation"], swiftSettings: settings),
    .testTarget(
      name: "BrowserTests",
      dependencies: ["HoldfastCore", "HoldfastBrowser", "HoldfastTestKit", "holdfast"],
      swiftSettings: settings),
  ]
)

// A narrow build while working: `HOLDFAST_TESTS=StoreConformanceTests swift test` compiles and links only the test
// targets named (comma-separated), with what they depend on.
if let only = Context.environment["HOLDFAST_TESTS"] {
  let names = Set(only.split(separator: ",").map(String.init))
  package.targets.removeAll { $0.type == .test && !names.contains($0.name) }
}
