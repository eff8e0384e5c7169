// swift-tools-version: 6.2
import PackageDescription

/// Rules of every target: Swift 6 mode, warnings are errors, each unsafe expression is marked.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]
let product: [SwiftSetting] =
  house + [
    .strictMemorySafety(),
    // Regular expressions and the searching functions that come with them are a megabyte of the release.
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
    // Debug and test builds still check exclusivity; in release the check costs 10 ns per field access.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
  ]

/// Without these, `@inlinable package` functions stay calls in other targets: only with Package CMO does a
/// module keep the bodies of its package declarations. A target qualifies when it imports nothing itself.
let inlined: [SwiftSetting] =
  product + [
    .unsafeFlags(
      [
        "-enable-library-evolution", "-no-emit-module-separately-wmo",
        "-Xfrontend", "-package-cmo", "-Xfrontend", "-allow-non-resilient-access",
      ], .when(configuration: .release))
  ]

/// Commands and screens run a few times a second at most: they are compiled for size. The release is one file
/// that people download.
let small: [SwiftSetting] = product + [.unsafeFlags(["-Osize"], .when(configuration: .release))]
/// Equal functions are one, relocations are packed, and there are no tables for C++ exceptions, which nothing
/// here throws or catches (sections.ld): a fifth of the file.
let packed: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-use-ld=lld", "-Xlinker", "--icf=all", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
      "-Xlinker",
      "--no-export-dynamic", "-Xlinker", "--no-eh-frame-hdr", "-Xlinker", "-T", "-Xlinker",
      Context.packageDirectory + "/Sources/mq/sections.ld",
    ],
    .when(configuration: .release))
]

let package = Package(
  name: "mq",
  targets: [
    .executableTarget(
      name: "mq", dependencies: ["Console"], exclude: ["sections.ld"], swiftSettings: product,
      linkerSettings: packed),
    .target(
      name: "Console", dependencies: ["Client", "Server", "Store", "Top", "Wire", "Linux", "CYaml"],
      swiftSettings: small),
    .target(name: "Top", dependencies: ["Client", "Wire", "Linux", "CNcurses"], swiftSettings: small),
    .target(
      name: "Client", dependencies: ["Wire", "Linux", "CZlib", "CLz4", "CZstd"], swiftSettings: small),
    .target(name: "Server", dependencies: ["Store", "Wire", "Linux"], swiftSettings: product),
    .target(name: "Store", dependencies: ["Wire", "Linux"], swiftSettings: product),
    .target(name: "Wire", swiftSettings: inlined),
    .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: product),
    .target(name: "CLinux", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CYaml", providers: [.apt(["libyaml-dev"])]),

    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    .target(
      name: "TestSupport", dependencies: ["CZlib", "Linux"], path: "Tests/TestSupport", exclude: ["Fixtures"],
      swiftSettings: house),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "TestSupport"], exclude: ["Fixtures"], swiftSettings: house),
    .testTarget(name: "LinuxTests", dependencies: ["Linux", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "StoreTests", dependencies: ["Store", "Wire", "Linux", "TestSupport", "CAllocationCount"],
      exclude: ["Fixtures"], swiftSettings: house),
    .testTarget(
      name: "ServerTests",
      dependencies: ["Server", "Store", "Wire", "Linux", "TestSupport", "CAllocationCount"],
      exclude: ["Fixtures"], swiftSettings: house),
    .testTarget(
      name: "SimulationTests", dependencies: ["Server", "Store", "Wire", "Linux", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "ClientTests", dependencies: ["Client", "Wire", "Linux", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: house),
    .testTarget(
      name: "ConsoleTests", dependencies: ["Console", "Client", "Server", "Wire", "Linux", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "TopTests", dependencies: ["Top", "Client", "Wire", "TestSupport", "CAllocationCount"],
      exclude: ["Fixtures"],
      swiftSettings: house),
    .testTarget(
      name: "EndToEndTests", dependencies: ["Console", "Wire", "Linux", "TestSupport"], exclude: ["Clients"],
      swiftSettings: house),
    .testTarget(
      name: "TidyTests", dependencies: ["TestSupport"], exclude: ["unsafe-files.txt"], swiftSettings: house),
  ]
)
