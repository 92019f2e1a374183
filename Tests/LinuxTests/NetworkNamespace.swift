import CLinux
import Foundation
import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

/// A fresh network namespace in which this thread can be for a while.
///
/// A synchronous test stays on one thread, and unshare(2) and setns(2) are about one thread, so other tests
/// notice nothing. The namespace goes when it and the sockets made in it are closed.
final class NetworkNamespace {
  private let fd: Int32

  init() throws {
    let outside = try Self.current()
    defer {
      Self.enter(outside)
      close(outside)
    }
    guard vip_unshare_network() == 0 else { throw LinuxError("unsharing the network", errno: errno) }
    fd = try Self.current()
    try shell("ip link set lo up")
  }

  deinit { close(fd) }

  /// The namespace's name for ip(8).
  var path: String { "/proc/\(getpid())/fd/\(fd)" }

  /// Runs `body` with this thread in the namespace.
  @discardableResult
  func run<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let outside = try Self.current()
    Self.enter(fd)
    defer {
      Self.enter(outside)
      close(outside)
    }
    return try body()
  }

  private static func current() throws -> Int32 {
    let fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw LinuxError("opening a namespace", errno: errno) }
    return fd
  }

  private static func enter(_ fd: Int32) {
    // A thread that cannot leave the namespace would spoil the tests that follow on it.
    precondition(vip_enter_network(fd) == 0)
  }
}

/// The output of a shell command in this thread's namespaces; throws unless it succeeds.
@discardableResult
func shell(_ command: String) throws -> String {
  guard let pipe = popen("exec 2>&1; " + command, "re") else { throw LinuxError("popen", errno: errno) }
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&buffer, 1, buffer.count, pipe)
    if count == 0 { break }
    output += buffer[..<count]
  }
  let text = String(decoding: output, as: UTF8.self)
  let status = pclose(pipe)
  guard status == 0 else { throw ShellError(command: command, output: text, status: status) }
  return text
}

struct ShellError: Error {
  let command: String
  let output: String
  let status: Int32
}

/// What ip(8) says of the IPv4 address `address`, or nil if it lists none.
func ipAddress(_ address: String) throws -> [String: Any]? {
  let json = try JSONSerialization.jsonObject(with: Data(try shell("ip -j -4 address show").utf8))
  let links = try #require(json as? [[String: Any]])
  let addresses = links.flatMap { $0["addr_info"] as? [[String: Any]] ?? [] }
  return addresses.first { $0["local"] as? String == address }
}

/// Two hosts, 192.0.2.217 and .218 on either end of a veth pair named `eth0` on both sides.
struct TwoHosts {
  let first: NetworkNamespace
  let second: NetworkNamespace
  let firstLink: Link
  let secondLink: Link

  /// The kernel may take a second to set a new link to work; only a test that sends frames, or would be
  /// disturbed by the change, has to wait for it.
  init(awaitingCarrier: Bool = true) throws {
    first = try NetworkNamespace()
    second = try NetworkNamespace()
    let peer = second.path
    try first.run {
      try shell("ip link add eth0 type veth peer name eth0 netns \(peer)")
      try shell("ip address add 192.0.2.217/24 dev eth0 && ip link set eth0 up")
    }
    try second.run { try shell("ip address add 192.0.2.218/24 dev eth0 && ip link set eth0 up") }
    let found = awaitingCarrier ? linkWithCarrier(named:) : link(named:)
    firstLink = try first.run { try found("eth0") }
    secondLink = try second.run { try found("eth0") }
  }
}

extension TwoHosts {
  /// Gives each host `fd00::217` and `fd00::218`, and `fe80::217` and `fe80::218`, without detection of
  /// duplicates.
  func addIPv6() throws {
    for (host, number) in [(first, 217), (second, 218)] {
      try host.run {
        try shell("ip address add fd00::\(number)/64 dev eth0 nodad")
        try shell("ip address add fe80::\(number)/64 dev eth0 nodad")
      }
    }
  }
}

/// The link named `name` in this thread's namespace.
func link(named name: String) throws -> Link {
  try #require(try RouteRequests().links().first { $0.name == name })
}

extension RouteRequests {
  /// The addresses of the link with index `linkIndex`.
  func addresses(on linkIndex: Int32) throws -> [LinkAddress] {
    try addresses().filter { $0.linkIndex == linkIndex }
  }

  /// The routes that vipd added by the link with index `linkIndex`.
  func routes(on linkIndex: Int32) throws -> [Route] {
    try routes().filter { $0.linkIndex == linkIndex && $0.protocolNumber == Route.vipd }
  }

  /// The default route with the lowest metric.
  func defaultRoute(_ family: AddressFamily = .ipv4) throws -> Route? { try routes().defaultRoute(family) }
}

/// How `change` fails; nil if it does not.
func failure(of change: @autoclosure () throws -> Void) -> LinuxError? {
  do {
    try change()
    return nil
  } catch {
    return error as? LinuxError
  }
}

/// The link named `name`, once it has carrier.
func linkWithCarrier(named name: String) throws -> Link {
  let monitor = try RouteMonitor()
  while true {
    let found = try link(named: name)
    if found.hasCarrier { return found }
    try #require(wait(for: monitor.fd), "\(name) gets no carrier")
    _ = monitor.read { _ in }
  }
}

/// Waits until `fd` is readable, at most `seconds`; whether it is.
func wait(for fd: Int32, seconds: Double = 5) -> Bool {
  var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
  return poll(&request, 1, Int32(seconds * 1000)) > 0
}

/// Whether this process may make network namespaces.
let isRoot = geteuid() == 0
