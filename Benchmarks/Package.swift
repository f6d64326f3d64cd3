// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who depends on Cardea fetches what only measuring needs.
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

let package = Package(
  name: "cardea-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "cardea", path: ".."),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    .systemLibrary(name: "CBenchSodium", path: "Sources/CBenchSodium", pkgConfig: "libsodium"),
    .systemLibrary(name: "CBenchOpenSSL", path: "Sources/CBenchOpenSSL", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CBenchValgrind", path: "Sources/CBenchValgrind"),
    .target(
      name: "BenchSupport", dependencies: [.product(name: "Cardea", package: "cardea")],
      swiftSettings: settings),
    .executableTarget(
      name: "instructions", dependencies: ["BenchSupport", "CBenchValgrind"],
      path: "Sources/Instructions", swiftSettings: settings),
    .executableTarget(
      name: "bench",
      dependencies: [
        "BenchSupport", .product(name: "Cardea", package: "cardea"),
        .product(name: "CardeaSQLite", package: "cardea"),
        .product(name: "CardeaPostgreSQL", package: "cardea"),
        "CBenchSodium", "CBenchOpenSSL",
      ], path: "Sources/Bench", swiftSettings: settings),
    .executableTarget(
      name: "empty-hummingbird",
      dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
      path: "Sources/EmptyHummingbird", swiftSettings: settings),
    .executableTarget(
      name: "empty-nio",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Sources/EmptyNIO", swiftSettings: settings),
  ]
)
