import CLinux
import CNetlink
import Glibc
import Internet
import Netlink

/// One netlink message whose buffer is lent for the length of a call.
struct RouteMessage {
  private let header: UnsafeMutablePointer<nlmsghdr>

  init(_ header: UnsafeMutablePointer<nlmsghdr>) { self.header = header }

  var type: Int32 { Int32(header.pointee.nlmsg_type) }
  var sequence: UInt32 { header.pointee.nlmsg_seq }
  func has(_ flag: Int32) -> Bool { Int32(header.pointee.nlmsg_flags) & flag != 0 }

  /// The message's fixed part; nil if the message is shorter.
  func fixedPart<Value: BitwiseCopyable>(_: Value.Type) -> Value? {
    guard Int(nlmsg_datalen(header)) >= MemoryLayout<Value>.size else { return nil }
    return nlmsg_data(header)?.loadUnaligned(as: Value.self)
  }

  /// Attribute `type` behind a fixed part of type `Fixed`, as a `Value`; nil if absent or shorter.
  func attribute<Value: BitwiseCopyable, Fixed: BitwiseCopyable>(
    _ type: Int, after: Fixed.Type, as: Value.Type = Value.self
  ) -> Value? {
    guard let attribute = nlmsg_find_attr(header, Int32(MemoryLayout<Fixed>.size), Int32(type)),
      Int(nla_len(attribute)) >= MemoryLayout<Value>.size
    else { return nil }
    return nla_data(attribute)?.loadUnaligned(as: Value.self)
  }

  /// Attribute `type` as text, up to its end or its first NUL; nil if absent.
  func text<Fixed: BitwiseCopyable>(_ type: Int, after: Fixed.Type, skipping extra: Int = 0) -> String? {
    let start = MemoryLayout<Fixed>.size + extra
    guard start <= Int(nlmsg_datalen(header)),
      let attribute = nlmsg_find_attr(header, Int32(start), Int32(type))
    else { return nil }
    return text(of: attribute)
  }

  private func text(of attribute: UnsafeMutablePointer<nlattr>) -> String {
    let bytes = UnsafeRawBufferPointer(start: nla_data(attribute), count: Int(nla_len(attribute)))
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Length of attribute `type` in bytes; 0 if absent.
  private func length<Fixed: BitwiseCopyable>(_ type: Int, after: Fixed.Type) -> Int {
    guard let attribute = nlmsg_find_attr(header, Int32(MemoryLayout<Fixed>.size), Int32(type))
    else { return 0 }
    return Int(nla_len(attribute))
  }

  /// The outcome that an NLMSG_ERROR message reports of `operation`: nil in `error` for an acknowledgement.
  func outcome(of operation: String) -> (sequence: UInt32, error: LinuxError?)? {
    guard type == NLMSG_ERROR, let report = fixedPart(nlmsgerr.self) else { return nil }
    guard report.error != 0 else { return (report.msg.nlmsg_seq, nil) }
    // Unless capped, the whole request is echoed between the report and its attributes.
    let echoed = has(NLM_F_CAPPED) ? 0 : max(0, Int(report.msg.nlmsg_len) - MemoryLayout<nlmsghdr>.size)
    let explanation =
      has(NLM_F_ACK_TLVS)
      ? text(Int(NLMSGERR_ATTR_MSG.rawValue), after: nlmsgerr.self, skipping: echoed) : nil
    let code = Int32(clamping: report.error.magnitude)
    return (report.msg.nlmsg_seq, LinuxError(operation, errno: code, explanation: explanation))
  }

  /// The link that an RTM_NEWLINK or RTM_DELLINK message is about. A bridge sends both, with its own
  /// family, when a port joins or leaves it; those are not about the link's existence.
  var link: Link? {
    guard type == RTM_NEWLINK || type == RTM_DELLINK, let header = fixedPart(ifinfomsg.self),
      header.ifi_family == AF_UNSPEC,
      let name = text(IFLA_IFNAME, after: ifinfomsg.self)
    else { return nil }
    let flags = Int(header.ifi_flags)
    let working = VIP_IFF_LOWER_UP | VIP_IFF_RUNNING
    return Link(
      index: header.ifi_index, name: name, macAddress: macAddress,
      isUp: flags & VIP_IFF_UP != 0,
      hasCarrier: flags & working == working,
      isLoopback: flags & VIP_IFF_LOOPBACK != 0,
      isARPCapable: flags & VIP_IFF_NOARP == 0,
      isEthernet: Int32(header.ifi_type) == ARPHRD_ETHER, kind: info(IFLA_INFO_KIND),
      parentIndex: attribute(IFLA_LINK, after: ifinfomsg.self),
      isPort: info(IFLA_INFO_SLAVE_KIND).map { $0 != "vrf" } ?? false)
  }

  /// Text in the nest IFLA_LINKINFO.
  private func info(_ type: Int) -> String? {
    let fixed = Int32(MemoryLayout<ifinfomsg>.size)
    guard let info = nlmsg_find_attr(header, fixed, Int32(IFLA_LINKINFO)),
      let text = nla_find(
        nla_data(info)?.assumingMemoryBound(to: nlattr.self), nla_len(info), Int32(type))
    else { return nil }
    return self.text(of: text)
  }

  private var macAddress: MACAddress? {
    guard length(IFLA_ADDRESS, after: ifinfomsg.self) == 6,
      let octets = attribute(IFLA_ADDRESS, after: ifinfomsg.self, as: (UInt32, UInt16).self)
    else { return nil }
    return MACAddress(bits: UInt64(UInt32(bigEndian: octets.0)) << 16 | UInt64(UInt16(bigEndian: octets.1)))
  }

  /// The link that an RTM_NEWNETCONF message of IPv6 is about, and whether the host forwards what comes in by it.
  var forwarding: (linkIndex: Int32, isOn: Bool)? {
    guard type == RTM_NEWNETCONF,
      let index = attribute(Int(NETCONFA_IFINDEX), after: netconfmsg.self, as: Int32.self),
      let value = attribute(Int(NETCONFA_FORWARDING), after: netconfmsg.self, as: Int32.self)
    else { return nil }
    // The settings for all links and for new ones have negative indices.
    return index > 0 ? (index, value != 0) : nil
  }

  /// The nexthop object that an RTM_NEWNEXTHOP or RTM_DELNEXTHOP message is about.
  var nexthop: UInt32? {
    guard type == RTM_NEWNEXTHOP || type == RTM_DELNEXTHOP else { return nil }
    return attribute(Int(NHA_ID), after: nhmsg.self)
  }

  /// The address that an RTM_NEWADDR or RTM_DELADDR message is about.
  var address: LinkAddress? {
    guard type == RTM_NEWADDR || type == RTM_DELADDR, let info = fixedPart(ifaddrmsg.self),
      let local = ip(IFA_LOCAL, info.ifa_family) ?? ip(IFA_ADDRESS, info.ifa_family),
      let network = IPNetwork(local, prefixLength: Int(info.ifa_prefixlen))
    else { return nil }
    let cache = attribute(IFA_CACHEINFO, after: ifaddrmsg.self, as: ifa_cacheinfo.self)
    let flags = attribute(IFA_FLAGS, after: ifaddrmsg.self, as: UInt32.self) ?? UInt32(info.ifa_flags)
    return LinkAddress(
      linkIndex: Int32(bitPattern: info.ifa_index), network: network,
      broadcast: ip(IFA_BROADCAST, info.ifa_family)?.ipv4,
      label: text(IFA_LABEL, after: ifaddrmsg.self), scope: AddressScope(rawValue: info.ifa_scope),
      validLifetime: cache.flatMap { $0.ifa_valid == .max ? nil : .seconds(Int64($0.ifa_valid)) },
      protocolNumber: attribute(IFA_PROTO, after: ifaddrmsg.self, as: UInt8.self) ?? 0,
      isSecondary: flags & UInt32(IFA_F_SECONDARY) != 0,
      isUsable: flags & UInt32(IFA_F_TENTATIVE | IFA_F_DADFAILED) == 0,
      isDuplicate: flags & UInt32(IFA_F_DADFAILED) != 0,
      addsPrefixRoute: flags & UInt32(IFA_F_NOPREFIXROUTE) == 0)
  }

  /// Attribute `type` of an address message of `family`.
  private func ip(_ type: Int, _ family: UInt8) -> IPAddress? {
    switch Int32(family) {
    case AF_INET:
      return attribute(type, after: ifaddrmsg.self, as: UInt32.self).map {
        .ipv4(IPv4Address(bits: UInt32(bigEndian: $0)))
      }
    case AF_INET6:
      return attribute(type, after: ifaddrmsg.self, as: (UInt64, UInt64).self).map {
        .ipv6(IPv6Address(high: UInt64(bigEndian: $0.0), low: UInt64(bigEndian: $0.1)))
      }
    default: return nil
    }
  }

  /// The route that an RTM_NEWROUTE or RTM_DELROUTE message is about, if it is a default route of the main table, one
  /// that vipd added, or one that took the place of another one. Of several next hops, the first.
  var route: Route? {
    guard type == RTM_NEWROUTE || type == RTM_DELROUTE, let info = fixedPart(rtmsg.self),
      // Before the whole message is looked at: a router has a million others.
      info.rtm_dst_len == 0 || info.rtm_protocol == Route.vipd || has(NLM_F_REPLACE),
      Int32(info.rtm_type) == Int32(RTN_UNICAST),
      let family = AddressFamily.allCases.first(where: { $0.number == Int32(info.rtm_family) }),
      let parsed = parsedRoute
    else { return nil }
    defer { rtnl_route_put(parsed) }
    // A default route's destination has no octets.
    let address = rtnl_route_get_dst(parsed).flatMap(IPAddress.init) ?? .any(family)
    guard let hop = rtnl_route_nexthop_n(parsed, 0), rtnl_route_nh_get_ifindex(hop) > 0,
      let destination = IPNetwork(address, prefixLength: Int(info.rtm_dst_len))
    else { return nil }
    let route = Route(
      destination: destination, linkIndex: rtnl_route_nh_get_ifindex(hop),
      gateway: rtnl_route_nh_get_gateway(hop).flatMap(IPAddress.init),
      source: rtnl_route_get_pref_src(parsed).flatMap(IPAddress.init),
      metric: rtnl_route_get_priority(parsed), table: rtnl_route_get_table(parsed),
      protocolNumber: info.rtm_protocol, nexthopID: attribute(Int(RTA_NH_ID.rawValue), after: rtmsg.self))
    return route.isListed || has(NLM_F_REPLACE) ? route : nil
  }

  private var parsedRoute: OpaquePointer? {
    let fixed = Int32(MemoryLayout<rtmsg>.size)
    guard Self.areSound(nlmsg_attrdata(header, fixed), nlmsg_attrlen(header, fixed)) else { return nil }
    var route: OpaquePointer?
    return rtnl_route_parse(header, &route) >= 0 ? route : nil
  }

  /// Whether a route's attributes hold nothing that libnl 3.7 trusts the kernel not to send: a next hop without
  /// a length, which it would add without end, and a router of another family that is cut short.
  private static func areSound(_ first: UnsafeMutablePointer<nlattr>?, _ length: Int32) -> Bool {
    guard var attribute = first else { return true }
    var remaining = length
    while nla_ok(attribute, remaining) != 0 {
      let value = UnsafeMutableRawBufferPointer(start: nla_data(attribute), count: Int(nla_len(attribute)))
      switch nla_type(attribute) {
      case Int32(RTA_VIA.rawValue) where value.count < MemoryLayout<rtvia>.size: return false
      case Int32(RTA_MULTIPATH.rawValue) where !areSound(hops: value): return false
      default: attribute = nla_next(attribute, &remaining)
      }
    }
    return true
  }

  private static func areSound(hops: UnsafeMutableRawBufferPointer) -> Bool {
    let fixed = MemoryLayout<rtnexthop>.size
    var offset = 0
    while offset + fixed <= hops.count {
      let length = Int(hops.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      guard length >= fixed, offset + length <= hops.count else { return false }
      let attributes = hops.baseAddress?.advanced(by: offset + fixed).assumingMemoryBound(to: nlattr.self)
      guard areSound(attributes, Int32(length - fixed)) else { return false }
      offset += (length + 3) & ~3
    }
    return true
  }
}
