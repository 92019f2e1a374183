// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The daemon has one thread and one loop: it must not even link the concurrency runtime.
let daemon =
  strict + [
    .unsafeFlags([
      "-Xfrontend", "-disable-implicit-concurrency-module-import",
      "-Xfrontend", "-disable-implicit-string-processing-module-import",
    ])
  ]

/// Pure targets decide; they import no I/O and contain nothing unsafe.
let pure = daemon + [.strictMemorySafety()]

let package = Package(
  name: "vipd",
  products: [
    .executable(name: "vipd", targets: ["vipd"]),
    .executable(name: "vipctl", targets: ["vipctl"]),
    .executable(name: "viplab", targets: ["viplab"]),
    .executable(name: "vipsim", targets: ["vipsim"]),
  ],
  dependencies: [
    // Exact, for there is no Package.resolved.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CNetlink", pkgConfig: "libnl-route-3.0",
      providers: [.apt(["libnl-3-dev", "libnl-route-3-dev"])]),
    .systemLibrary(
      name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .target(name: "CLinux"),

    .target(name: "Internet", swiftSettings: pure),
    .target(name: "VRRP", dependencies: ["Internet"], swiftSettings: pure),
    .target(name: "Neighbor", dependencies: ["Internet"], swiftSettings: pure),
    .target(name: "Ownership", dependencies: ["Internet", "Neighbor", "VRRP"], swiftSettings: pure),

    .target(name: "Tracking", dependencies: ["Internet"], swiftSettings: pure),

    .target(name: "Netlink", dependencies: ["Internet"], swiftSettings: pure),
    .target(
      name: "Configuration", dependencies: ["Internet", "Netlink", "Ownership", "VRRP"], swiftSettings: pure),

    .target(
      name: "Host",
      dependencies: ["Configuration", "Internet", "Neighbor", "Netlink", "Ownership", "Tracking", "VRRP"],
      swiftSettings: pure),

    .target(
      name: "Linux", dependencies: ["CLinux", "CNetlink", "Configuration", "Internet", "Netlink"],
      swiftSettings: daemon),
    .target(name: "Systemd", dependencies: ["CSystemd", "Internet", "Linux"], swiftSettings: daemon),
    .target(name: "Control", dependencies: ["Host", "Systemd"], swiftSettings: daemon),
    .target(
      name: "Daemon",
      dependencies: [
        "Configuration", "Control", "Host", "Internet", "Linux", "Neighbor", "Netlink", "Ownership",
        "Systemd", "Tracking", "VRRP",
      ],
      swiftSettings: daemon),
    .executableTarget(
      name: "vipd", dependencies: ["Configuration", "Control", "Daemon", "Linux", "Systemd"],
      swiftSettings: daemon),

    .executableTarget(
      name: "vipctl",
      dependencies: [
        "Configuration", "Control", "Host", "Internet", "KeepalivedImport", "Linux", "Metrics", "Neighbor",
        "Netlink", "Systemd", "VRRP",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(name: "Metrics", dependencies: ["Control", "Host"], swiftSettings: daemon),

    .target(name: "KeepalivedImport", dependencies: ["Internet"], swiftSettings: pure),

    .target(
      name: "Simulation",
      dependencies: ["Configuration", "Host", "Internet", "Neighbor", "Netlink", "Ownership", "VRRP"],
      // Of objects that one thread has alone; it would take a sixth of a campaign's time.
      swiftSettings: pure + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]),
    .executableTarget(name: "vipsim", dependencies: ["Simulation"], swiftSettings: strict),

    .target(name: "CLab"),
    .target(name: "Lab", dependencies: ["CLab", "Internet"], swiftSettings: strict),
    .executableTarget(name: "viplab", dependencies: ["Internet", "Lab"], swiftSettings: strict),

    .testTarget(name: "ContainerTests", dependencies: ["Internet", "Lab"], swiftSettings: strict),
    .testTarget(name: "InternetTests", dependencies: ["Internet"], swiftSettings: strict),
    .testTarget(
      name: "MetricsTests", dependencies: ["Control", "Host", "Metrics", "Systemd"],
      swiftSettings: strict),
    .testTarget(name: "VRRPTests", dependencies: ["Internet", "VRRP"], swiftSettings: strict),
    .testTarget(name: "NeighborTests", dependencies: ["Internet", "Neighbor"], swiftSettings: strict),
    .testTarget(
      name: "LinuxTests",
      dependencies: ["CLinux", "CNetlink", "Configuration", "Internet", "Linux", "Netlink"],
      swiftSettings: strict),
    .testTarget(
      name: "SystemdTests", dependencies: ["CLinux", "Internet", "Linux", "Systemd"], swiftSettings: strict),
    .testTarget(
      name: "OwnershipTests", dependencies: ["Internet", "Neighbor", "Ownership", "VRRP"],
      swiftSettings: strict),
    .testTarget(
      name: "SimulationTests", dependencies: ["Host", "Internet", "Ownership", "Simulation", "VRRP"],
      swiftSettings: strict),
    .testTarget(name: "TrackingTests", dependencies: ["Internet", "Tracking"], swiftSettings: strict),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["Configuration", "Internet", "VRRP"], swiftSettings: strict),
    .testTarget(
      name: "HostTests",
      dependencies: ["Configuration", "Host", "Internet", "Neighbor", "Netlink", "Ownership", "VRRP"],
      swiftSettings: strict),
    .testTarget(
      name: "DaemonTests",
      dependencies: [
        "CLinux", "Configuration", "Control", "Daemon", "Host", "Internet", "Linux", "Netlink", "Systemd",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "vipctlTests",
      dependencies: [
        "Configuration", "Control", "Host", "Internet", "Linux", "Neighbor", "Netlink", "VRRP", "vipctl",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "KeepalivedImportTests", dependencies: ["Configuration", "Internet", "KeepalivedImport", "VRRP"],
      swiftSettings: strict),
    .testTarget(name: "LabTests", dependencies: ["Internet", "Lab", "viplab"], swiftSettings: strict),
    .testTarget(
      name: "SegmentTests", dependencies: ["Internet", "Lab", "vipctl", "vipd"], swiftSettings: strict),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["Configuration", "Internet", "Lab", "Linux", "Neighbor", "Ownership", "VRRP", "vipd"],
      exclude: ["README.md"], swiftSettings: strict),
  ]
)

// A fuzzer has the `main` of libFuzzer and needs `swift build --sanitize fuzzer`: see Tests/Fuzzing/run. The
// properties that it checks are those that FuzzingTests checks.
let decoders: [Target.Dependency] = [
  "CNetlink", "Configuration", "Internet", "KeepalivedImport", "Linux", "Neighbor", "Netlink", "VRRP",
]
if Context.environment["VIPD_FUZZER"] == nil {
  package.targets.append(
    .testTarget(
      name: "FuzzingTests", dependencies: decoders, path: "Tests/Fuzzing",
      exclude: ["corpus", "Fuzzer.swift", "words.dict", "run"], swiftSettings: strict))
} else {
  package.products.append(.executable(name: "vipfuzz", targets: ["vipfuzz"]))
  package.targets.append(
    .executableTarget(
      name: "vipfuzz", dependencies: decoders, path: "Tests/Fuzzing",
      exclude: ["corpus", "FuzzingTests.swift", "words.dict", "run"], swiftSettings: strict))
}
