import Glibc
package import Internet

/// What the lab takes wherever an address of either family will do.
package protocol InternetAddress: Sendable {
  /// The address with its family.
  var ip: IPAddress { get }
}

extension IPAddress: InternetAddress {
  package var ip: IPAddress { self }
}

extension IPv4Address: InternetAddress {
  package var ip: IPAddress { .ipv4(self) }
}

extension IPv6Address: InternetAddress {
  package var ip: IPAddress { .ipv6(self) }
}

extension sockaddr_storage {
  /// An address of either family with a port.
  init(_ address: some InternetAddress, port: UInt16) {
    self.init()
    withUnsafeMutableBytes(of: &self) { storage in
      switch address.ip {
      case .ipv4(let address):
        var socket = sockaddr_in()
        socket.sin_family = sa_family_t(AF_INET)
        socket.sin_port = port.bigEndian
        socket.sin_addr.s_addr = address.bits.bigEndian
        storage.storeBytes(of: socket, as: sockaddr_in.self)
      case .ipv6(let address):
        var socket = sockaddr_in6()
        socket.sin6_family = sa_family_t(AF_INET6)
        socket.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &socket.sin6_addr) {
          $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
          $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        storage.storeBytes(of: socket, as: sockaddr_in6.self)
      }
    }
  }

  /// The address without its port; nil if it is of another family.
  var address: IPAddress? {
    withUnsafeBytes(of: self) { storage in
      switch Int32(ss_family) {
      case AF_INET: IPAddress(octets: storage[4..<8])
      case AF_INET6: IPAddress(octets: storage[8..<24])
      default: nil
      }
    }
  }
}

extension AddressFamily {
  /// AF_INET or AF_INET6.
  var number: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
}
