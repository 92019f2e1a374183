import CLinux
import CNetlink
import Glibc
import Internet
import Netlink

/// A ``NewsFilter`` as a program for the kernel. Netlink messages are in the host's byte order, and classic BPF loads in
/// the network's. What the program does not understand passes.
struct NewsProgram {
  private enum Place: Hashable {
    case route, address, ipv4, ipv6
    case shape(Int)
  }

  /// What addresses of one kind have in common.
  private struct Shape: Hashable {
    let header: UInt32
    let linkIndex: UInt32
    let flags: UInt32
  }

  // Offsets in a message: `nlmsghdr` has 16 octets; `ifaddrmsg` has 8, and attributes follow.
  private static let type: UInt32 = 4
  private static let flags: UInt32 = 6
  private static let body: UInt32 = 16
  private static let linkIndex: UInt32 = 20
  private static let attributes: UInt32 = 24
  /// Behind the header of an attribute.
  private static let value: UInt32 = 4
  /// Of `ifaddrmsg`, without the flags, which IFA_FLAGS repeats.
  private static let headerMask: UInt32 = 0xFFFF_00FF
  /// What is known of an address's flags.
  private static let knownFlags = UInt32(
    IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_NOPREFIXROUTE)

  private let filter: NewsFilter
  private var shapes: [Shape] = []
  private var program = FilterProgram<Place>()

  static func instructions(_ filter: NewsFilter) -> [FilterInstruction] {
    var program = NewsProgram(filter)
    program.write()
    return program.program.assembled
  }

  private init(_ filter: NewsFilter) { self.filter = filter }

  private mutating func write() {
    program.append(.loadHalfWord(at: Self.type))
    branch(RTM_NEWADDR, to: .address)
    if !filter.hearsRemovals { branch(RTM_DELADDR, to: .address) }
    branch(RTM_NEWROUTE, to: .route)
    branch(RTM_DELROUTE, to: .route)
    program.append(.accept(.max))
    writeRoute()
    writeAddress()
    program.begin(.ipv4)
    writeAddresses(.ipv4)
    program.begin(.ipv6)
    writeAddresses(.ipv6)
    writeShapes()
  }

  private mutating func branch(_ type: Int, to place: Place) {
    program.append(.unlessEqual(UInt32(UInt16(type).bigEndian), skip: 1))
    program.jump(to: place)
  }

  /// What ``RouteMessage/route`` looks at; a router has a million others.
  private mutating func writeRoute() {
    program.begin(.route)
    let (destinationLength, protocolNumber) = (Self.body + 1, Self.body + 5)
    program.append(
      .loadByte(at: destinationLength), .unlessEqual(0, skip: 1), .accept(.max),
      .loadByte(at: protocolNumber), .unlessEqual(UInt32(Route.vipd), skip: 1), .accept(.max),
      .loadHalfWord(at: Self.flags), .mask(UInt32(UInt16(NLM_F_REPLACE).bigEndian)), .ifEqual(0, skip: 1),
      .accept(.max), .drop)
  }

  /// Only addresses that some instance added are left out.
  private mutating func writeAddress() {
    program.begin(.address)
    find(IFA_PROTO)
    program.append(
      .loadByte(behindIndex: Self.value), .ifEqual(UInt32(AddressRequest.protocolNumber), skip: 1),
      .accept(.max), .loadByte(at: Self.body))
    for (family, place) in [(AF_INET, Place.ipv4), (AF_INET6, .ipv6)] {
      program.append(.unlessEqual(UInt32(family), skip: 1))
      program.jump(to: place)
    }
    program.append(.accept(.max))
  }

  /// Has the index register point to an attribute; a message without passes.
  private mutating func find(_ attribute: Int) {
    program.append(
      .load(Self.attributes), .loadIndex(UInt32(attribute)), .findAttribute, .unlessEqual(0, skip: 1),
      .accept(.max), .moveToIndex)
  }

  private mutating func writeAddresses(_ family: AddressFamily) {
    // IPv6 addresses have IFA_LOCAL only beside a peer's.
    find(family == .ipv4 ? IFA_LOCAL : IFA_ADDRESS)
    for address in filter.addresses where address.family == family {
      let known = filter.known.filter { $0.network.address == address }
      let place = known.count == 1 ? shape(known[0]) : nil
      let instructions = address.ifFound({ .loadWord(behindIndex: Self.value + $0) }, then: .accept(.max))
      program.append(place == nil ? instructions : instructions.dropLast())
      if let place { program.jump(to: place) }
    }
    program.append(.drop)
  }

  private mutating func shape(_ known: NewsFilter.Known) -> Place {
    let network = known.network
    let flags = (known.isSecondary ? IFA_F_SECONDARY : 0) | (known.addsPrefixRoute ? 0 : IFA_F_NOPREFIXROUTE)
    let shape = Shape(
      header: UInt32(network.address.family.number) << 24 | UInt32(network.prefixLength) << 16
        | UInt32(known.scope.rawValue),
      linkIndex: UInt32(bitPattern: known.linkIndex).bigEndian, flags: UInt32(flags).bigEndian)
    if let index = shapes.firstIndex(of: shape) { return .shape(index) }
    shapes.append(shape)
    return .shape(shapes.count - 1)
  }

  private mutating func writeShapes() {
    for (index, shape) in shapes.enumerated() {
      program.begin(.shape(index))
      program.append(
        .loadHalfWord(at: Self.type), .unlessEqual(UInt32(UInt16(RTM_DELADDR).bigEndian), skip: 1),
        .accept(.max),
        .loadWord(at: Self.body), .mask(Self.headerMask), .ifEqual(shape.header, skip: 1), .accept(.max),
        .loadWord(at: Self.linkIndex), .ifEqual(shape.linkIndex, skip: 1), .accept(.max))
      find(IFA_FLAGS)
      program.append(
        .loadWord(behindIndex: Self.value), .mask(Self.knownFlags.bigEndian),
        .ifEqual(shape.flags, skip: 1), .accept(.max), .drop)
    }
  }
}
