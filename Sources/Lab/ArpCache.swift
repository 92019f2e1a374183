import CLab
import Glibc
package import Internet

/// The neighbour table of one namespace, as the kernel has it now.
package struct ArpCache {
  private let namespace: Namespace
  private let interface: String

  init(of namespace: Namespace, interface: String) {
    self.namespace = namespace
    self.interface = interface
  }

  /// Every entry of the interface, those of IPv4 first.
  package func entries() throws -> [NeighbourEntry] {
    let index = try namespace.run { if_nametoindex(interface) }
    let socket = try RouteSocket(in: namespace)
    socket.requestDump(RTM_GETNEIGH)
    var result: [NeighbourEntry] = []
    while let messages = try socket.receive(wait: true) {
      for message in messages {
        switch message {
        case .neighbour(let entry) where entry.interfaceIndex == index: result.append(entry)
        case .endOfDump: return result.sorted { $0.address < $1.address }
        default: break
        }
      }
    }
    return result
  }

  /// The hardware address that `address` is believed to have; nil if none is known.
  package func hardwareAddress(of address: some InternetAddress) throws -> MACAddress? {
    try entries().first { $0.address == address.ip }?.hardwareAddress
  }

  /// The IPv4 entries as `arp -an` prints them, one a line.
  package func listing() throws -> [String] {
    try entries().filter { $0.address.family == .ipv4 }.map { entry in
      let link = entry.hardwareAddress.map { "\($0) [ether]" } ?? "<incomplete>"
      return "? (\(entry.address)) at \(link) on \(interface)"
    }
  }
}
