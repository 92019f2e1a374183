public import Foundation
package import Internet

/// Debian hosts under real systemd, and a client, on one switch.
///
/// Everything is in a process, mount and network namespace of its own, whose first process reads from us: when this
/// process ends, however it ends, the kernel removes hosts, links, mounts and files.
public final class ContainerLab: Sendable {
  /// The hosts, in the order of their names.
  public let hosts: [Container]

  private let keeper: Process
  private let lifeline: Pipe
  private let image: ContainerImage
  private let hostsDirectory: URL
  /// The first process of the lab's namespaces, and how to enter them.
  private let process: pid_t
  private let entry: [String]
  private let segment: [String]
  /// Where the namespaces' names are, as this process sees them.
  private let namespaces: String

  /// Boots hosts on a new segment 192.168.1.0/24, whose gateway 192.168.1.1 is the switch itself and whose
  /// client 192.168.1.10 calls its interface bond0.
  ///
  /// - Parameters:
  ///   - octets: the hosts' last octets; their names are host217 and so on.
  ///   - cache: a directory in which the Debian image is kept from run to run.
  ///   - packages: what the hosts have beyond a minimal system with systemd.
  /// - Throws: `ContainerError` when a step fails or a host does not boot within three minutes.
  public init(octets: [UInt8], cache: URL, packages: [String] = []) throws {
    image = try ContainerImage(cache: cache, packages: packages)
    hostsDirectory = cache.appendingPathComponent("hosts")
    try FileManager.default.createDirectory(at: hostsDirectory, withIntermediateDirectories: true)
    try Container.removeLeftovers()

    keeper = Process()
    lifeline = Pipe()
    try Self.start(keeper, lifeline, hostsDirectory)
    process = try Self.firstProcess(of: keeper.processIdentifier)
    namespaces = "/proc/\(process)/root/run/netns"
    let entry = ["nsenter", "--target", "\(process)", "--mount", "--net", "--pid"]
    self.entry = entry
    segment = entry + ContainerCommand.limited
    hosts = octets.map { [image, hostsDirectory, process] octet in
      Container(octet: octet, image: image, directory: hostsDirectory, lab: process, namespaces: entry)
    }
    try ContainerCommand.require(segment + ["bash", "-ec", Self.clientScript])
    try hosts.forEach { try $0.start() }
    try hosts.forEach { try $0.waitUntilBooted() }
  }

  /// Asks for an address by ARP, as a client does that has forgotten it.
  ///
  /// - Returns: the MAC address in the client's table, nil when nobody answered within 3 s.
  public func clientResolves(_ address: String) throws -> String? {
    let script = """
      ip neigh flush to \(address)
      echo > /dev/udp/\(address)/9 || true
      for attempt in $(seq 30); do
        mac=$(ip neigh show to \(address) | sed -n 's/.* lladdr \\([0-9a-f:]*\\).*/\\1/p')
        if [ -n "$mac" ]; then echo "$mac"; break; fi
        sleep 0.1
      done
      """
    let answer = try ContainerCommand.require(
      segment + ["ip", "netns", "exec", "client", "bash", "-c", script])
    return answer.isEmpty ? nil : answer
  }

  /// Runs a shell script on the client, with this machine's files, at most `limit` seconds long.
  public func client(_ script: String, limit: Int = 60) throws -> ContainerOutcome {
    try ContainerCommand.run(
      Array(segment.dropLast()) + ["\(limit)", "ip", "netns", "exec", "client", "bash", "-ec", script])
  }

  /// Boots another host on the segment, in a user namespace of its own, as LXC does it. It is not among `hosts`; whoever
  /// asks for it powers it off.
  public func bootUnprivileged(octet: UInt8) throws -> Container {
    let host = Container(
      octet: octet, image: image, directory: hostsDirectory, lab: process, namespaces: entry,
      isPrivileged: false)
    try host.boot()
    return host
  }

  /// The hosts whose kernel has an address.
  public func owners(of address: String) throws -> [Container] {
    try hosts.filter { try $0.has(address) }
  }

  /// Has the switch drop every VRRP packet between its ports, or pass them again.
  public func dropVRRP(_ isDropped: Bool = true) throws {
    let rules =
      isDropped ? "chain forward { type filter hook forward priority 0; ip protocol 112 drop; };" : ""
    let table = "add table bridge lab; delete table bridge lab; table bridge lab { \(rules) }"
    try ContainerCommand.require(segment + ["nft", table])
  }

  /// Watches `address`: a client's questions, and what the kernels of the hosts that are on say of it. A host
  /// that boots anew is another one.
  package func observe(_ address: IPv4Address) throws -> ContainerObservation {
    try ContainerObservation(
      of: address, client: namespace("client"),
      hosts: hosts.map { (number: Int($0.octet), namespace: namespace($0.name)) })
  }

  /// What sends whole Ethernet frames from the client.
  package func sender() throws -> FrameSender { try FrameSender(in: namespace("client"), from: "bond0") }

  private func namespace(_ name: String) -> Namespace { Namespace(name: name, directory: namespaces) }

  private static func start(_ keeper: Process, _ lifeline: Pipe, _ hosts: URL) throws {
    let ready = Pipe()
    keeper.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    keeper.arguments = [
      "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
      "bash", "-ec", switchScript, "switch", hosts.path,
    ]
    keeper.standardInput = lifeline
    keeper.standardOutput = ready
    // A daemon that somebody starts on a host, and that closes nothing, must not hold the lab.
    _ = fcntl(lifeline.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    try keeper.run()
    let answer = ready.fileHandleForReading.availableData
    guard String(decoding: answer, as: UTF8.self) == "ready\n" else {
      throw ContainerError(description: "the switch of the container lab did not start")
    }
  }

  /// unshare forks: the first process of the new namespace is its child.
  private static func firstProcess(of parent: pid_t) throws -> pid_t {
    let children = try ContainerCommand.require(["ps", "-o", "pid=", "--ppid", "\(parent)"])
    guard let process = pid_t(children.trimmingCharacters(in: .whitespaces)) else {
      throw ContainerError(description: "unshare has no child: \(children)")
    }
    return process
  }

  private static let switchScript = """
    mkdir -p /run/netns
    mount -t tmpfs tmpfs /run/netns
    mount -t tmpfs tmpfs "$1"
    ip link set lo up
    # An unplugged port must neither take the gateway's hardware address with it, nor answer for the gateway, nor
    # solicit routers: who hears that is not cut off.
    echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    ip link add switch address 12:34:56:78:00:01 type bridge forward_delay 0
    ip address add 192.168.1.1/24 dev switch
    ip link set switch up
    echo ready
    read -r end || true
    """

  private static let clientScript = """
    ip netns add client
    ip link add client type veth peer name bond0 netns client
    ip link set client master switch up
    ip -n client link set lo up
    ip -n client link set bond0 up
    ip -n client address add 192.168.1.10/24 dev bond0
    """
}
