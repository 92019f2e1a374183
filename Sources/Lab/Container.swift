public import Foundation

/// A host of the container lab: systemd-nspawn with a kernel network and a disk of its own.
public struct Container: Sendable {
  /// The host's name, for example host217.
  public let name: String
  /// The host's own address on eth0, for example 192.168.1.217.
  public let address: String
  /// The last octet of that address.
  public let octet: UInt8

  /// Longer than systemd gives a unit to stop.
  private static let patience = Duration.seconds(180)
  private let namespaces: [String]
  /// Whether it is in the lab's own user namespace. In one of its own it may not have realtime priority, among other
  /// things, as in LXC; the network, then, is of that namespace, too, and known to nobody else.
  private let isPrivileged: Bool
  private let image: ContainerImage
  private let directory: URL
  private let cgroup: String

  /// A host of the lab whose first process is `lab`: other labs of this process may have hosts of the same name.
  init(
    octet: UInt8, image: ContainerImage, directory: URL, lab: pid_t, namespaces: [String],
    isPrivileged: Bool = true
  ) {
    self.octet = octet
    name = "host\(octet)"
    cgroup = "\(Self.cgroupPrefix)\(getpid())-\(lab)-\(name)"
    address = "192.168.1.\(octet)"
    self.image = image
    self.directory = directory.appendingPathComponent(name, isDirectory: true)
    self.namespaces = namespaces
    self.isPrivileged = isPrivileged
  }

  /// How to run a command beside the switch.
  private var segment: [String] { namespaces + ContainerCommand.limited }

  /// Whether the host has power.
  public var isOn: Bool { leader != nil }

  /// Runs a command inside, as root, at most `limit` seconds long.
  ///
  /// - Throws: `ContainerError` when the host is off.
  public func run(_ arguments: [String], limit: Int = 30) throws -> ContainerOutcome {
    guard let leader else { throw ContainerError(description: "\(name) is off") }
    return try ContainerCommand.run(
      ["nsenter", "--target", "\(leader)", "--all", "timeout", "--kill-after=1", "\(limit)"] + arguments)
  }

  /// Runs a shell script inside, which has to succeed, and returns what it wrote.
  ///
  /// - Throws: `ContainerError` with the output when it fails.
  @discardableResult
  public func shell(_ script: String, limit: Int = 30) throws -> String {
    let outcome = try run(["sh", "-ec", script], limit: limit)
    guard outcome.status == 0 else {
      throw ContainerError(
        description: "\(name): \(script): exit status \(outcome.status)\n\(outcome.output)")
    }
    return outcome.output
  }

  /// Copies a file into the host.
  public func copy(_ file: URL, to path: String) throws {
    guard let leader else { throw ContainerError(description: "\(name) is off") }
    let target = "/proc/\(leader)/root\(path)"
    try? FileManager.default.removeItem(atPath: target)
    try Data(contentsOf: file).write(to: URL(fileURLWithPath: target))
  }

  /// Whether the host's kernel has an address. A host that is off has none.
  public func has(_ address: String) throws -> Bool {
    let outcome = try ContainerCommand.run(
      segment + ["ip", "-n", name, "-o", "address", "show", "to", "\(address)/32"])
    return outcome.status == 0 && !outcome.output.isEmpty
  }

  /// The MAC address of the host's eth0.
  public func mac() throws -> String {
    try shell("ip -o link show dev eth0 | sed 's/.* link.ether \\([^ ]*\\) .*/\\1/'")
  }

  /// Pulls the plug: every process of the host ends at once, and its kernel neither hears nor answers any more.
  public func powerOff() throws {
    guard let leader else { return }
    kill(leader, SIGKILL)
    if isPrivileged { try ContainerCommand.require(segment + ["ip", "link", "delete", name]) }
    try waitUntilOff()
  }

  /// Unplugs the host behind the switch, which keeps its carrier, or plugs it in again.
  public func unplug(_ isUnplugged: Bool = true) throws {
    try ContainerCommand.require(
      segment + ["ip", "link", "set", name] + (isUnplugged ? ["nomaster"] : ["master", "switch"]))
  }

  /// Switches the host's port of the switch off, so that its eth0 loses its carrier, or on again.
  public func switchPort(isOn: Bool) throws {
    try ContainerCommand.require(segment + ["ip", "link", "set", name, isOn ? "up" : "down"])
  }

  /// Shuts the host down in order and boots it again from its disk; if `isDark`, before its switch has power: there is
  /// no carrier, and its interface has what its own programs give it.
  public func reboot(isDark: Bool = false) throws {
    _ = try run(["systemctl", "poweroff"])
    try waitUntilOff()
    try start(isDark: isDark)
    try waitUntilBooted()
  }

  /// Boots a host that is off and waits until systemd says that it runs.
  ///
  /// - Throws: `ContainerError` when it takes more than three minutes or a unit failed.
  public func boot() throws {
    try start()
    try waitUntilBooted()
  }

  /// Starts to boot.
  func start(isDark: Bool = false) throws {
    try ContainerCommand.require(
      segment + ["bash", "-ec", Self.diskScript, name, image.layers, directory.path])
    if isPrivileged {
      try ContainerCommand.require(segment + ["bash", "-ec", Self.cableScript, name])
      if !isDark { try ContainerCommand.require(segment + ["bash", "-ec", Self.plugScript, name, address]) }
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      namespaces + ["bash", "-ec", Self.bootScript, name, cgroup, directory.path]
      + (isPrivileged
        ? ["--network-namespace-path=/run/netns/\(name)"]
        : ["--network-bridge=switch", "--private-users=identity"])
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  func waitUntilBooted() throws {
    let state = try ContainerCommand.wait(for: "\(name) boots", within: Self.patience) {
      guard leader != nil else { return String?.none }
      let state = try run(["systemctl", "is-system-running"]).output
      return ["running", "degraded"].contains(state) ? state : nil
    }
    guard state == "running" else {
      throw ContainerError(
        description: "\(name) is degraded: " + (try shell("systemctl --failed --no-legend")))
    }
    if !isPrivileged { try shell(Self.addressScript(address)) }
  }

  private func waitUntilOff() throws {
    try ContainerCommand.wait(for: "\(name) goes off", within: Self.patience) { leader == nil ? () : nil }
    guard isPrivileged else { return }
    try ContainerCommand.wait(for: "\(name)'s network goes", within: .seconds(10)) {
      try ContainerCommand.run(segment + ["ip", "netns", "delete", name]).status == 0 ? () : nil
    }
    // An observer may keep the network, and with it the cable, longer than its name.
    _ = try ContainerCommand.run(segment + ["ip", "link", "delete", name])
    try ContainerCommand.wait(for: "\(name)'s link goes", within: .seconds(10)) {
      try ContainerCommand.run(segment + ["ip", "link", "show", name]).status != 0 ? () : nil
    }
  }

  /// The host's first process, as this process sees it; nil while it is off.
  private var leader: pid_t? {
    for hierarchy in Self.hierarchies {
      let file = "\(hierarchy)/\(cgroup)/payload/init.scope/cgroup.procs"
      if let text = try? String(contentsOfFile: file, encoding: .utf8),
        let first = text.split(separator: "\n").first.flatMap({ pid_t($0) })
      {
        return first
      }
    }
    return nil
  }

  /// Removes the empty control groups of labs whose process has ended.
  static func removeLeftovers() throws {
    for hierarchy in hierarchies {
      for group in (try? FileManager.default.contentsOfDirectory(atPath: hierarchy)) ?? [] {
        guard group.hasPrefix(cgroupPrefix),
          let owner = pid_t(group.dropFirst(cgroupPrefix.count).prefix { $0 != "-" }), kill(owner, 0) != 0
        else { continue }
        _ = try ContainerCommand.run([
          "find", "\(hierarchy)/\(group)", "-depth", "-type", "d", "-exec", "rmdir", "{}", ";",
        ])
      }
    }
  }

  private static let cgroupPrefix = "vipd-lab-"

  /// Where systemd keeps its control groups: version 1, hybrid, version 2.
  private static let hierarchies = ["systemd", "unified", ""].map { "/sys/fs/cgroup/\($0)" }.filter {
    FileManager.default.fileExists(atPath: "\($0)/cgroup.procs")
  }

  /// What nspawn made of `--network-bridge=` becomes the cable that the other hosts have.
  private static func addressScript(_ address: String) -> String {
    """
    ip link set host0 down
    ip link set host0 name eth0
    ip link set eth0 up
    ip address add \(address)/24 dev eth0
    ip route add default via 192.168.1.1
    """
  }

  /// A cable to the switch, which is off.
  private static let cableScript = """
    ip netns add "$0"
    ip link add "$0" type veth peer name eth0 netns "$0"
    ip link set "$0" master switch
    ip -n "$0" link set lo up
    """

  /// The switch is on, and the host has what it needs.
  private static let plugScript = """
    ip link set "$0" up
    ip -n "$0" link set eth0 up
    ip -n "$0" address add "$1/24" dev eth0
    ip -n "$0" route add default via 192.168.1.1
    """

  /// What the host writes lies over the image that all share.
  private static let diskScript = """
    if ! [ -d "$2" ]; then
      mkdir -p "$2/disk" "$2/work" "$2/root"
      mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/disk,workdir=$2/work" "$2/root"
      echo "$0" >"$2/root/etc/hostname"
      tr -d - </proc/sys/kernel/random/uuid >"$2/root/etc/machine-id"
    fi
    """

  /// Two systemds in one control group would end each other's services.
  private static let bootScript = """
    for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
      [ -e "$hierarchy/cgroup.procs" ] || continue
      mkdir -p "$hierarchy/$1"
      echo 0 >"$hierarchy/$1/cgroup.procs"
    done
    exec systemd-nspawn --directory="$2/root" --boot --register=no --keep-unit --machine="$0" --console=pipe \\
      --capability=CAP_NET_ADMIN,CAP_IPC_LOCK "${@:3}"
    """
}
