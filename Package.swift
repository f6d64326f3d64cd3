// swift-tools-version: 6.2
import PackageDescription

// Every target: Swift 6 mode, `any` written out, warnings are errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

// Package traits keep a dependency out of an integrator's build, and out of what is fetched, unless asked for.
let sqlite: TargetDependencyCondition? = .when(traits: ["SQLite"])
let hummingbird: TargetDependencyCondition? = .when(traits: ["Hummingbird"])
let httpTypes: TargetDependencyCondition? = .when(traits: ["HTTPTypes"])
let server: TargetDependencyCondition? = .when(traits: ["Server"])
let tls: TargetDependencyCondition? = .when(traits: ["TLS"])

/// What the kernel is made of: no package, and of each other only what is named.
func part(_ name: String, _ path: String, _ parts: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: parts, path: "Sources/\(path)", swiftSettings: strict)
}

let kernel: [Target] = [
  part("CardeaContracts", "Contracts"),
  part("CardeaSignals", "Signals", ["CardeaContracts"]),
  part("CardeaAudit", "Audit", ["CardeaContracts"]),
  part("CardeaLimits", "Limits", ["CardeaContracts"]),
  part("CardeaCache", "Cache", ["CardeaContracts"]),
  part(
    "CardeaKernel", "Kernel",
    ["CardeaContracts", "CardeaSignals", "CardeaAudit", "CardeaLimits", "CardeaCache"]),
  part("CardeaLifecycle", "Lifecycle", ["CardeaKernel"]),
]

/// A plugin target: the contracts, and a library of its own.
func plugin(_ name: String, _ path: String, _ library: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: ["CardeaContracts"] + library, path: "Sources/Plugins/\(path)",
    swiftSettings: strict)
}

let plugins: [Target] = [
  plugin("CardeaPBKDF2", "Hashers/PBKDF2", ["COpenSSL"]),
  plugin("CardeaArgon2", "Hashers/Argon2", ["CSodium"]),
  plugin("CardeaHMAC", "Hashers/HMAC", ["COpenSSL"]),
  // libxcrypt's bcrypt is in the C library's reach on Linux only.
  plugin(
    "CardeaDjango", "Hashers/Django",
    ["COpenSSL", "CSodium", .target(name: "CCrypt", condition: .when(platforms: [.linux]))]),
  plugin("CardeaSodium", "Primitives/Sodium", ["CSodium"]),
  plugin("CardeaFormats", "Formats"),
  plugin("CardeaExtractors", "Extractors"),
  plugin("CardeaListeners", "Listeners"),
  plugin("CardeaSessions", "Sessions"),
  plugin("CardeaPolicies", "Policies", ["CardeaLimits"]),
  plugin("CardeaMemoryStore", "Stores/Memory"),
  .target(
    name: "CardeaPostgreSQL", dependencies: ["CardeaContracts", "CPostgreSQL"],
    path: "Sources/Plugins/Stores/PostgreSQL", exclude: ["schema.sql"], swiftSettings: strict),
  plugin("CardeaWebhooks", "Webhooks", ["CardeaLifecycle", "CCurl"]),
  .target(
    name: "CardeaSQLite",
    dependencies: [
      "CardeaContracts", .product(name: "GRDB", package: "GRDB.swift", condition: sqlite),
      .product(name: "GRDBSQLite", package: "GRDB.swift", condition: sqlite),
    ], path: "Sources/Plugins/Stores/SQLite", exclude: ["schema.sql"], swiftSettings: strict),
]

let libraries: [Target] = [
  .systemLibrary(
    name: "COpenSSL", path: "Sources/System/COpenSSL", pkgConfig: "libcrypto",
    providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
  .systemLibrary(
    name: "CSodium", path: "Sources/System/CSodium", pkgConfig: "libsodium",
    providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
  .systemLibrary(
    name: "CCrypt", path: "Sources/System/CCrypt", pkgConfig: "libcrypt",
    providers: [.apt(["libcrypt-dev"])]),
  .systemLibrary(
    name: "CPostgreSQL", path: "Sources/System/CPostgreSQL", pkgConfig: "libpq",
    providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
  .systemLibrary(
    name: "CCurl", path: "Sources/System/CCurl", pkgConfig: "libcurl",
    providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
  .target(
    name: "CardeaPluginTestKit", dependencies: ["CardeaLifecycle"], path: "Sources/PluginTestKit",
    swiftSettings: strict),
  .target(
    name: "Cardea",
    dependencies: [
      "CardeaLifecycle", "CardeaPBKDF2", "CardeaArgon2", "CardeaHMAC", "CardeaDjango",
      "CardeaSodium", "CardeaFormats", "CardeaExtractors", "CardeaListeners", "CardeaPolicies",
      "CardeaMemoryStore", "CardeaSessions",
    ], path: "Sources/Cardea", swiftSettings: strict),
  .target(
    name: "CardeaHTTPTypes",
    dependencies: [
      "CardeaContracts",
      .product(name: "HTTPTypes", package: "swift-http-types", condition: httpTypes),
    ], path: "Sources/Adapters/HTTPTypes", swiftSettings: strict),
  .target(
    name: "CardeaHummingbird",
    dependencies: [
      "CardeaKernel", "CardeaHTTPTypes",
      .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
    ], path: "Sources/Adapters/Hummingbird", swiftSettings: strict),
  .target(
    name: "CardeaServer",
    dependencies: [
      "Cardea", "CardeaHTTPTypes", "CardeaHummingbird", "CardeaHMAC", "CardeaWebhooks",
      .product(name: "Hummingbird", package: "hummingbird", condition: server),
      .product(name: "Logging", package: "swift-log", condition: server),
      .product(name: "CoreMetrics", package: "swift-metrics", condition: server),
      .product(name: "Tracing", package: "swift-distributed-tracing", condition: server),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: server),
      .product(name: "NIOCore", package: "swift-nio", condition: server),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: server),
      .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: tls),
      .product(name: "NIOTLS", package: "swift-nio", condition: tls),
      .product(name: "NIOSSL", package: "swift-nio-ssl", condition: tls),
      .product(name: "Mustache", package: "swift-mustache", condition: server),
    ], path: "Sources/Server",
    resources: [.embedInCode("openapi.yaml"), .embedInCode("Page/Files")],
    swiftSettings: strict),
  .target(
    name: "CardeaCLI",
    dependencies: [
      "Cardea", "CardeaSQLite", "CardeaPostgreSQL", "CardeaServer", "CardeaWebhooks",
      "CPostgreSQL",
      .product(name: "GRDBSQLite", package: "GRDB.swift", condition: sqlite),
      .product(name: "ArgumentParser", package: "swift-argument-parser", condition: server),
      .product(name: "Configuration", package: "swift-configuration", condition: server),
      .product(name: "Yams", package: "Yams", condition: server),
      .product(name: "Logging", package: "swift-log", condition: server),
    ], path: "Sources/CLI", swiftSettings: strict),
  .executableTarget(
    name: "cardea", dependencies: ["CardeaCLI"], path: "Sources/Executable",
    swiftSettings: strict),
]

func test(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(path)", swiftSettings: strict)
}

let tests: [Target] = [
  .target(
    name: "CardeaTestFixtures", path: "Tests/Fixtures", exclude: ["Django", "Oracle", "README.md"],
    swiftSettings: strict),
  .target(
    name: "CardeaTestSupport", dependencies: ["CardeaLifecycle", "CardeaMemoryStore"],
    path: "Tests/Support",
    swiftSettings: strict),
  .executableTarget(
    name: "store-writer",
    dependencies: [
      "CardeaLifecycle", "CardeaSQLite", "CardeaPostgreSQL", "CardeaSodium", "CardeaPBKDF2",
      "CardeaFormats", "CardeaExtractors",
    ],
    path: "Tests/StoreWriter", swiftSettings: strict),
  test(
    "CardeaKernelTests", "Kernel",
    [
      "CardeaLifecycle", "CardeaPBKDF2", "CardeaHMAC", "CardeaDjango", "CardeaSodium",
      "CardeaFormats", "CardeaExtractors", "CardeaMemoryStore",
      "CardeaTestFixtures", "CardeaTestSupport",
    ]),
  test(
    "CardeaHashersTests", "Hashers",
    [
      "CardeaPBKDF2", "CardeaArgon2", "CardeaHMAC", "CardeaDjango", "CardeaFormats",
      "CardeaPluginTestKit", "CardeaTestFixtures",
    ]),
  test("CardeaTestSupportTests", "SupportTests", ["CardeaTestSupport"]),
  test("CardeaExtractorsTests", "Extractors", ["CardeaExtractors", "CardeaPluginTestKit"]),
  test(
    "CardeaListenersTests", "Listeners",
    ["CardeaListeners", "CardeaPluginTestKit", "CardeaTestFixtures"]),
  test(
    "CardeaPoliciesTests", "Policies",
    [
      "CardeaPolicies", "CardeaLifecycle", "CardeaPluginTestKit", "CardeaHMAC", "CardeaSodium",
      "CardeaFormats", "CardeaExtractors", "CardeaMemoryStore", "CardeaSQLite",
    ]),
  test("CardeaPrimitivesTests", "Primitives", ["CardeaSodium", "CardeaPluginTestKit"]),
  test(
    "CardeaFormatsTests", "Formats",
    ["CardeaFormats", "CardeaPluginTestKit", "CardeaTestFixtures"]),
  test(
    "CardeaSessionsTests", "Sessions",
    [
      "CardeaLifecycle", "CardeaSessions", "CardeaExtractors", "CardeaFormats", "CardeaHMAC",
      "CardeaMemoryStore",
      "CardeaSodium", "CardeaTestFixtures",
    ]),
  test(
    "CardeaWebhooksTests", "Webhooks",
    [
      "CardeaWebhooks", "CardeaExtractors", "CardeaFormats", "CardeaHMAC", "CardeaMemoryStore",
      "CardeaSodium", "CardeaTestSupport",
    ]),
  test("CardeaTests", "Cardea", ["Cardea", "CardeaPluginTestKit"]),
  test(
    "CardeaStoresTests", "Stores",
    [
      "CardeaLifecycle", "CardeaMemoryStore", "CardeaSQLite", "CardeaPostgreSQL", "CardeaSodium",
      "CardeaHMAC", "CardeaFormats", "CardeaExtractors", "CardeaListeners", "CardeaTestSupport",
      "store-writer",
      .product(name: "GRDB", package: "GRDB.swift", condition: sqlite),
    ]),
  test(
    "CardeaPluginTestKitTests", "PluginTestKit",
    ["CardeaPluginTestKit", "Cardea", "CardeaSQLite", "CardeaPostgreSQL", "CardeaTestSupport"]),
  test(
    "CardeaServerTests", "Server",
    [
      "Cardea", "CardeaServer", "CardeaWebhooks", "CardeaTestSupport", "CardeaHTTPTypes",
      "CardeaFuzzTargets",
      .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
      .product(name: "Logging", package: "swift-log", condition: server),
      .product(name: "CoreMetrics", package: "swift-metrics", condition: server),
      .product(name: "Hummingbird", package: "hummingbird", condition: server),
      .product(name: "InMemoryTracing", package: "swift-distributed-tracing", condition: server),
      .product(name: "NIOEmbedded", package: "swift-nio", condition: server),
      .product(
        name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle", condition: server),
      .product(name: "Tracing", package: "swift-distributed-tracing", condition: server),
      .product(name: "Yams", package: "Yams", condition: server),
    ]),
  test(
    "CardeaAdaptersTests", "Adapters",
    [
      "Cardea", "CardeaHTTPTypes", "CardeaHummingbird", "CardeaTestSupport",
      .product(name: "HTTPTypes", package: "swift-http-types", condition: httpTypes),
      .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
      .product(name: "Logging", package: "swift-log", condition: server),
    ]),
  // What is fuzzed; the suite replays the corpus.
  .target(
    name: "CardeaFuzzTargets",
    dependencies: [
      "Cardea", "CardeaExtractors", "CardeaHTTPTypes", "CardeaServer",
      .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
      .product(name: "NIOEmbedded", package: "swift-nio", condition: server),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: server),
    ], path: "Tests/Fuzz/Targets", swiftSettings: strict),
  test("CardeaFuzzTests", "Fuzz/Replay", ["CardeaFuzzTargets"]),
  // The command line's own tests, and those that run the whole program.
  test(
    "CardeaCLITests", "CLI",
    [
      "CardeaCLI", "cardea", "CardeaTestFixtures", "CardeaTestSupport", "CardeaMemoryStore",
      .product(name: "Logging", package: "swift-log", condition: server),
      .product(name: "Yams", package: "Yams", condition: server),
    ]),
  test(
    "CardeaDocsTests", "Docs",
    [
      "Cardea", "CardeaSQLite", "CardeaHummingbird", "CardeaCLI", "CardeaPluginTestKit", "cardea",
      "CardeaTestSupport",
      .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
    ]),
]

let package = Package(
  name: "cardea",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "CardeaContracts", targets: ["CardeaContracts"]),
    .library(name: "CardeaKernel", targets: ["CardeaKernel", "CardeaLifecycle"]),
    .library(name: "Cardea", targets: ["Cardea"]),
    .library(name: "CardeaSQLite", targets: ["CardeaSQLite"]),
    .library(name: "CardeaPostgreSQL", targets: ["CardeaPostgreSQL"]),
    .library(name: "CardeaHTTPTypes", targets: ["CardeaHTTPTypes"]),
    .library(name: "CardeaHummingbird", targets: ["CardeaHummingbird"]),
    .library(name: "CardeaServer", targets: ["CardeaServer"]),
    .library(name: "CardeaCLI", targets: ["CardeaCLI"]),
    .library(name: "CardeaPluginTestKit", targets: ["CardeaPluginTestKit"]),
    .executable(name: "cardea", targets: ["cardea"]),
  ],
  traits: [
    .trait(name: "SQLite", description: "The SQLite store (GRDB)."),
    .trait(name: "HTTPTypes", description: "The request adapter for swift-http-types."),
    .trait(
      name: "Hummingbird", description: "Middleware for Hummingbird services.",
      enabledTraits: ["HTTPTypes"]),
    .trait(
      name: "Server", description: "The server and the command line.",
      enabledTraits: ["SQLite", "Hummingbird"]),
    .trait(
      name: "TLS", description: "TLS and HTTP/2 in the server (SwiftNIO's).",
      enabledTraits: ["Server"]),
    .default(enabledTraits: ["Server"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: libraries + kernel + plugins + tests
)

// What time tells (`make timing`), measured in an optimised build.
if Context.environment["CARDEA_TIMING"] != nil {
  package.targets.append(
    .executableTarget(
      name: "timing", dependencies: ["Cardea"], path: "Tests/Timing", swiftSettings: strict))
}

// The thread sanitizer and the documentation need only what has no package dependency.
if Context.environment["CARDEA_LEAN"] != nil {
  // Only the command line, which goes too, reads PostgreSQL.
  var removed: Set<String> = ["CPostgreSQL"]
  var before = -1
  while removed.count != before {
    before = removed.count
    for target in package.targets {
      let needsPackage = target.dependencies.contains { dependency in
        switch dependency {
        case .productItem: true
        case .targetItem(let name, _), .byNameItem(let name, _): removed.contains(name)
        @unknown default: true
        }
      }
      if needsPackage { removed.insert(target.name) }
    }
  }
  package.targets.removeAll { removed.contains($0.name) }
  package.products = []
  package.dependencies = []
}

// Fuzzing: our own code with the coverage that libFuzzer steers by, and its driver in place of a `main`.
if Context.environment["CARDEA_FUZZ"] != nil {
  package.targets.removeAll { $0.type == .test }
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["CardeaFuzzTargets"], path: "Tests/Fuzz/Driver",
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
      // gold, the default on Linux, trips over the fuzzer's runtime.
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
  for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer"])]
  }
}

// SwiftPM compiles a target again when a module changes that it names, and not when one does that a module which it names
// only hands on (`@_exported import`), although the layout of types may come from there: such a program crashes. So each
// target names all of ours that it reaches.
let ours = Set(package.targets.filter { $0.type != .system }.map(\.name))
var isComplete = false
while !isComplete {
  isComplete = true
  let named = package.targets.reduce(into: [String: Set<String>]()) { named, target in
    for dependency in target.dependencies {
      switch dependency {
      case .targetItem(let name, _), .byNameItem(let name, _):
        named[target.name, default: []].insert(name)
      case .productItem: break
      @unknown default: break
      }
    }
  }
  for target in package.targets {
    let direct = named[target.name] ?? []
    let handedOn = direct.reduce(into: Set()) { $0.formUnion(named[$1] ?? []) }.intersection(ours)
    for name in handedOn.subtracting(direct).sorted() {
      target.dependencies.append(.target(name: name))
      isComplete = false
    }
  }
}
