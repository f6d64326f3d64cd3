// swift-tools-version: 6.2
import PackageDescription

// One package, so that all examples share one build of Cardea. A plugin of your own would be a
// package like this one with a single target; it needs the product CardeaContracts and, for its
// tests, CardeaPluginTestKit.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

let kernel: Target.Dependency = .product(name: "CardeaKernel", package: "cardea")
let contracts: Target.Dependency = .product(name: "CardeaContracts", package: "cardea")

func plugin(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: [contracts] + dependencies, swiftSettings: strict)
}

let package = Package(
  name: "cardea-plugins-examples",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "custom-server", targets: ["CustomServer"])],
  dependencies: [.package(name: "cardea", path: "..")],
  targets: [
    .systemLibrary(
      name: "CScrypt", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    plugin("ScryptHasher", ["CScrypt"]),
    plugin("CookieExtractor"),
    plugin("DashedFormat"),
    plugin("DirectoryStore"),
    plugin("RetiredCustomersPolicy"),
    plugin("JSONLinesListener"),
    // It makes owners, so it is handed a kernel.
    plugin("OwnerFromUserListener", [kernel]),
    plugin("ExpiryReviewPage"),
    .executableTarget(
      name: "CustomServer",
      dependencies: [
        "ScryptHasher", "CookieExtractor", "DashedFormat", "DirectoryStore",
        "RetiredCustomersPolicy", "JSONLinesListener", "ExpiryReviewPage",
        .product(name: "CardeaCLI", package: "cardea"),
      ], swiftSettings: strict),
    .testTarget(
      name: "PluginsTests",
      dependencies: [
        "ScryptHasher", "CookieExtractor", "DashedFormat", "DirectoryStore",
        "RetiredCustomersPolicy", "JSONLinesListener", "OwnerFromUserListener",
        "ExpiryReviewPage",
        contracts, kernel,
        .product(name: "Cardea", package: "cardea"),
        .product(name: "CardeaPluginTestKit", package: "cardea"),
      ], path: "Tests/Plugins", swiftSettings: strict),
    .testTarget(
      name: "CustomServerTests", dependencies: ["CustomServer"], path: "Tests/CustomServer",
      swiftSettings: strict),
  ]
)
