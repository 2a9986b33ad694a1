// swift-tools-version: 6.2
//
// The modules, each behind those that it stands on. The core, all with the settings `core`, decides
// everything and touches no socket, clock, thread or file; the shell moves bytes and decides nothing
// about the protocol. Basis and Text hold what is not MQTT. "How it works" in README.md says what each
// module holds.

import PackageDescription

let common: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  // The linker sees single functions: those that nobody calls go, those that are the same are one.
  .unsafeFlags(["-Xfrontend", "-function-sections"], .when(configuration: .release)),
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

    .target(name: "Basis", dependencies: ["CProcessor"], swiftSettings: core),
    .target(name: "Text", dependencies: ["Basis"], swiftSettings: core),
    .target(name: "MQTTCodec", dependencies: ["Basis", "Text"], swiftSettings: core),
    .target(name: "MQTTSession", dependencies: ["Basis", "MQTTCodec"], swiftSettings: core),
    .target(
      name: "AccessControl", dependencies: ["Basis", "Text", "MQTTCodec"], swiftSettings: core),
    .target(
      name: "MQTTBroker",
      dependencies: ["Basis", "Text", "AccessControl", "CProcessor", "MQTTCodec", "MQTTSession"],
      swiftSettings: core),

    .target(name: "HTTP", dependencies: ["Text"], swiftSettings: core),
    .target(name: "WebSocket", dependencies: ["Basis", "HTTP", "Text"], swiftSettings: core),
    .target(
      name: "Settings", dependencies: ["Basis", "Text", "MQTTBroker", "MQTTCodec", "WebSocket"],
      swiftSettings: core),
    .target(
      name: "Bench",
      dependencies: [
        "Basis", "Text", "MQTTCodec", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: common),
    .target(
      name: "Capture", dependencies: ["Basis", "HTTP", "Text", "MQTTCodec", "WebSocket"],
      swiftSettings: core),

    .target(
      name: "Transport", dependencies: ["Basis", "CLinux", "COpenSSL", "HTTP", "WebSocket"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "SQLite", dependencies: ["CSQLite", "Transport"], swiftSettings: common),
    .target(
      name: "Storage",
      dependencies: [
        "Basis", "CLinux", "CSQLite", "MQTTBroker", "MQTTCodec", "SQLite", "Transport",
      ],
      swiftSettings: common),
    .target(
      name: "MQTTServer",
      dependencies: [
        "Basis", "AccessControl", "CArgon2", "CLinux", "COpenSSL", "MQTTBroker", "Settings",
        "SQLite", "Storage", "Transport",
      ],
      swiftSettings: common),
    .target(
      name: "MQTTClient",
      dependencies: [
        "Basis", "Text", "MQTTCodec", "MQTTSession", "Transport", "WebSocket",
      ],
      swiftSettings: common),
    .target(
      name: "ClientStorage",
      dependencies: [
        "Basis", "Text", "CHiredis", "CLinux", "CSQLite", "MQTTCodec", "MQTTSession", "SQLite",
        "Transport",
      ],
      swiftSettings: common),
    .target(
      name: "Commands",
      dependencies: [
        "Basis", "HTTP", "Text", "Bench", "Capture", "ClientStorage", "MQTTCodec",
        "Settings", "WebSocket",
      ],
      swiftSettings: common),
    .executableTarget(
      name: "mqtt",
      dependencies: [
        "Basis", "Text", "AccessControl",
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
        "Settings",
        "SQLite",
        "Storage",
        "Transport",
        "WebSocket",
      ],
      swiftSettings: common,
      // One file that needs nothing of the machine it runs on. It also starts in half the time:
      // nothing is looked up and relocated before the first line of ours runs.
      linkerSettings: [
        .unsafeFlags(
          ["-static-executable", "-use-ld=lld", "-Xlinker", "--icf=all"],
          .when(configuration: .release))
      ]),

    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .target(
      name: "TestSupport", dependencies: ["Basis", "MQTTCodec"], path: "Tests/Support",
      exclude: ["Vectors"], swiftSettings: common),

    .testTarget(
      name: "MQTTCodecTests",
      dependencies: ["Basis", "Text", "AllocationCount", "MQTTCodec", "TestSupport"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),

    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Basis", "HTTP", "Text", "ClientStorage", "Commands", "LiveSupport", "mqtt", "MQTTBroker",
        "MQTTCodec", "Settings", "WebSocket",
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
      dependencies: ["Basis", "Text", "Bench", "LiveSupport", "MQTTCodec", "TestSupport", "mqtt"],
      swiftSettings: common),
    .testTarget(
      name: "MQTTSessionTests", dependencies: ["Basis", "MQTTCodec", "MQTTSession"],
      swiftSettings: common),
    .testTarget(
      name: "MQTTClientTests",
      dependencies: [
        "Basis", "ClientStorage", "CLinux", "LiveSupport", "MQTTClient", "MQTTCodec", "MQTTSession",
        "Transport", "mqtt",
      ],
      swiftSettings: common),
    .testTarget(
      name: "MQTTBrokerTests",
      dependencies: [
        "Basis", "AccessControl", "AllocationCount", "MQTTBroker", "MQTTCodec", "MQTTSession",
        "TestSupport",
      ],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP"], swiftSettings: common),
    .testTarget(
      name: "WebSocketTests", dependencies: ["Basis", "HTTP", "TestSupport", "WebSocket"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "CaptureSupport",
      dependencies: ["Basis", "Capture", "LiveSupport", "MQTTCodec", "TestSupport"],
      path: "Tests/CaptureSupport", swiftSettings: common),
    .testTarget(
      name: "CaptureTests",
      dependencies: [
        "Basis", "Capture", "CaptureSupport", "LiveSupport", "MQTTCodec", "TestSupport",
      ],
      swiftSettings: common),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "Basis", "AllocationCount", "CLinux", "LiveSupport", "MQTTCodec", "Transport", "WebSocket",
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
      dependencies: [
        "Basis", "AccessControl", "MQTTBroker", "MQTTCodec", "MQTTServer", "Settings", "Transport",
      ],
      swiftSettings: common),

    // The simulation is its own little program as well: millions of runs want no test framework.
    .target(
      name: "Simulation",
      dependencies: [
        "Basis", "AccessControl", "MQTTBroker", "MQTTCodec", "MQTTSession", "TestSupport",
      ],
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
      dependencies: [
        "Basis", "LiveSupport", "MQTTCodec", "MQTTSession", "MQTTBroker", "TestSupport",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CaptureLiveTests",
      dependencies: [
        "Basis", "Capture", "CaptureSupport", "LiveSupport", "MQTTCodec", "TestSupport", "mqtt",
      ],
      swiftSettings: common),
    .testTarget(
      name: "EndToEndTests", dependencies: ["Basis", "CaptureSupport", "LiveSupport", "MQTTCodec"],
      exclude: ["python"], swiftSettings: common),
  ]
)
