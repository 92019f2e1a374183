import CLinux
import Glibc

/// capabilities(7) of this process.
public enum Capabilities {
  /// Names of the capabilities that vipd needs and does not have: `CAP_NET_ADMIN`, `CAP_NET_RAW`.
  public static func missing() throws(LinuxError) -> [String] {
    var effective: UInt64 = 0
    guard vip_effective_capabilities(&effective) == 0 else {
      throw LinuxError("reading capabilities", errno: errno)
    }
    let needed = [("CAP_NET_ADMIN", VIP_CAP_NET_ADMIN), ("CAP_NET_RAW", VIP_CAP_NET_RAW)]
    return needed.filter { effective >> UInt64($0.1) & 1 == 0 }.map(\.0)
  }
}
