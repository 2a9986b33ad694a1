// swift-tools-version: 6.2
//
// The modules stand in the order in which a message passes through them. The core (MQTTCodec,
// MQTTSession, AccessControl, MQTTBroker) decides everything and touches nothing; the shell
// (Transport, MQTTServer, MQTTClient, mqtt) moves bytes and decides nothing about the protocol.

import PackageDescription

let common: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The core says `unsafe` wherever it leaves the language's memory safety.
let core: [SwiftSetting] =
  common + [.strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]

let package = Package(
  name: "mqtt",
  products: [.executable(name: "mqtt", targets: ["mqtt"])],
  dependencies: [
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0")
  ],
  targets: [
    .target(name: "CLinux"),
    .systemLibrary(name: "CProcessor"),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(
      name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "MQTTCodec", dependencies: ["CProcessor"], swiftSettings: core),
    .target(name: "MQTTSession", dependencies: ["MQTTCodec"], swiftSettings: core),
    .target(name: "AccessControl", dependencies: ["MQTTCodec"], swiftSettings: core),
    .target(
      name: "MQTTBroker",
      dependencies: ["AccessControl", "CProcessor", "MQTTCodec", "MQTTSession"],
      swiftSettings: core),

    .target(name: "WebSocket", dependencies: ["MQTTCodec"], swiftSettings: core),
    .target(
      name: "Bench",
      dependencies: [
        "MQTTCodec", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: common),
    .target(name: "Capture", dependencies: ["MQTTCodec", "WebSocket"], swiftSettings: core),

    .target(
      name: "Transport", dependencies: ["CLinux", "COpenSSL", "MQTTCodec", "WebSocket"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "SQLite", dependencies: ["CSQLite", "Transport"], swiftSettings: common),
    .target(
      name: "Storage",
      dependencies: ["CLinux", "CSQLite", "MQTTBroker", "MQTTCodec", "SQLite", "Transport"],
      swiftSettings: common),
    .target(
      name: "MQTTServer",
      dependencies: [
        "CArgon2", "CLinux", "COpenSSL", "AccessControl", "MQTTCodec", "MQTTSession", "MQTTBroker",
        "SQLite", "Storage", "Transport", "WebSocket",
      ],
      swiftSettings: common),
    .target(
      name: "MQTTClient",
      dependencies: ["CLinux", "MQTTCodec", "MQTTSession", "Transport", "WebSocket"],
      swiftSettings: common),
    .target(
      name: "ClientStorage",
      dependencies: [
        "CHiredis", "CLinux", "CSQLite", "MQTTCodec", "MQTTSession", "SQLite", "Transport",
      ],
      swiftSettings: common),
    .target(
      name: "Commands",
      dependencies: ["Bench", "Capture", "ClientStorage", "MQTTCodec", "MQTTBroker", "WebSocket"],
      swiftSettings: common),
    .executableTarget(
      name: "mqtt",
      dependencies: [
        "AccessControl",
        "Bench",
        "Capture",
        "ClientStorage",
        "CLinux",
        "Commands",
        "COpenSSL",
        "CZlib",
        "MQTTBroker",
        "MQTTClient",
        "MQTTCodec",
        "MQTTServer",
        "MQTTSession",
        "SQLite",
        "Storage",
        "Transport",
        "WebSocket",
      ],
      swiftSettings: common,
      // One file that needs nothing of the machine it runs on. It also starts in half the time:
      // nothing is looked up and relocated before the first line of ours runs.
      linkerSettings: [
        .unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))
      ]),

    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .target(
      name: "TestSupport", dependencies: ["MQTTCodec"], path: "Tests/Support",
      exclude: ["Vectors"], swiftSettings: common),

    .testTarget(
      name: "MQTTCodecTests", dependencies: ["AllocationCount", "MQTTCodec", "TestSupport"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),

    .testTarget(
      name: "CommandTests",
      dependencies: [
        "ClientStorage", "Commands", "LiveSupport", "MQTTBroker", "MQTTCodec", "WebSocket", "mqtt",
      ],
      exclude: ["Snapshots"], swiftSettings: common),

    .testTarget(
      name: "AccessControlTests",
      dependencies: [
        "AccessControl", "AllocationCount", "LiveSupport", "MQTTCodec", "TestSupport",
      ],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(
      name: "BenchTests",
      dependencies: ["Bench", "LiveSupport", "MQTTCodec", "TestSupport", "mqtt"],
      swiftSettings: common),
    .testTarget(
      name: "MQTTSessionTests", dependencies: ["MQTTCodec", "MQTTSession"], swiftSettings: common),
    .testTarget(
      name: "MQTTClientTests",
      dependencies: [
        "ClientStorage", "CLinux", "LiveSupport", "MQTTClient", "MQTTCodec", "MQTTSession",
        "Transport", "mqtt",
      ],
      swiftSettings: common),
    .testTarget(
      name: "MQTTBrokerTests",
      dependencies: [
        "AccessControl", "AllocationCount", "MQTTBroker", "MQTTCodec", "MQTTSession", "TestSupport",
      ],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(
      name: "WebSocketTests", dependencies: ["MQTTCodec", "TestSupport", "WebSocket"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "CaptureSupport", dependencies: ["Capture", "LiveSupport", "MQTTCodec", "TestSupport"],
      path: "Tests/CaptureSupport", swiftSettings: common),
    .testTarget(
      name: "CaptureTests",
      dependencies: ["Capture", "CaptureSupport", "LiveSupport", "MQTTCodec", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "AllocationCount", "CLinux", "LiveSupport", "MQTTCodec", "Transport", "WebSocket",
      ],
      swiftSettings: common),
    .target(name: "MemoryFiles", dependencies: ["CSQLite"], path: "Tests/MemoryFiles"),
    .testTarget(
      name: "StorageTests",
      dependencies: [
        "LiveSupport", "MemoryFiles", "MQTTBroker", "MQTTCodec", "SQLite", "Storage",
        "TestSupport",
      ],
      exclude: ["Files"], swiftSettings: common),
    .testTarget(
      name: "MQTTServerTests",
      dependencies: ["AccessControl", "MQTTBroker", "MQTTCodec", "MQTTServer", "Transport"],
      swiftSettings: common),

    // The simulation is its own little program as well: millions of runs want no test framework.
    .target(
      name: "Simulation",
      dependencies: ["AccessControl", "MQTTBroker", "MQTTCodec", "MQTTSession", "TestSupport"],
      path: "Tests/Simulation",
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .executableTarget(
      name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulate",
      swiftSettings: common),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: common),

    .target(name: "SpawnActions", path: "Tests/SpawnActions"),
    .target(
      name: "LiveSupport", dependencies: ["SpawnActions"], path: "Tests/LiveSupport",
      swiftSettings: common),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["LiveSupport", "MQTTCodec", "MQTTSession", "MQTTBroker", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "CaptureLiveTests",
      dependencies: [
        "Capture", "CaptureSupport", "LiveSupport", "MQTTCodec", "TestSupport", "mqtt",
      ],
      swiftSettings: common),
    .testTarget(
      name: "EndToEndTests", dependencies: ["CaptureSupport", "LiveSupport", "MQTTCodec"],
      exclude: ["python"], swiftSettings: common),
  ]
)
