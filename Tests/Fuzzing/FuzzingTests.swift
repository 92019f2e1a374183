import CNetlink
import Glibc
import Internet
import Neighbor
import Netlink
import Testing
import VRRP

@testable import Configuration
@testable import Linux

/// The properties that the fuzzer checks, for its seeds, for every length, and for whatever can be encoded.
@Suite struct FuzzingTests {
  @Test(arguments: Decoder.all)
  func everySeedHolds(decoder: Decoder) throws {
    let seeds = Corpus.seeds(of: decoder.name)
    try #require(!seeds.isEmpty)
    for seed in seeds { #expect(throws: Never.self) { try decoder.check(seed) } }
  }

  @Test(arguments: Decoder.all)
  func noInputOfAnyLengthBreaksADecoder(decoder: Decoder) {
    var random = Draw(seed: 1)
    let seeds = Corpus.seeds(of: decoder.name)
    for length in 0...2000 {
      let noise = (0..<length).map { _ in random.octet() }
      #expect(throws: Never.self) { try decoder.check(noise) }
      let mutated = random.mutation(of: random.element(of: seeds), length: length)
      #expect(throws: Never.self, "\(mutated)") { try decoder.check(mutated) }
    }
  }

  @Test(arguments: VRRPProperties.Dialect.allCases)
  func advertisements(dialect: VRRPProperties.Dialect) throws {
    var random = Draw(seed: 2)
    for _ in 0..<500 {
      let seconds = dialect.version == .v2
      let centiseconds = seconds ? random.number(1...40) * 100 : random.number(1...4095)
      let interval = try #require(AdvertisementInterval(centiseconds: centiseconds))
      let addresses = (0..<random.number(1...255)).map { _ in random.address(dialect.family) }
      let router = dialect.router(
        id: UInt8(random.number(1...255)), addresses: addresses, interval: interval)
      let said = Advertisement(
        virtualRouterID: router.id, priority: random.octet(), interval: interval)
      var message: [UInt8] = []
      let envelope = dialect.envelope
      router.encode(
        said, from: envelope.source, to: envelope.destination, in: Dialect(checksum: dialect.form),
        into: &message)
      let heard = try router.decode(message.span, in: envelope)
      let hasChoice = dialect.version == .v3 && dialect.family == .ipv4
      #expect(
        heard
          == ReceivedAdvertisement(said, from: dialect.source, checksum: hasChoice ? dialect.form : nil))
    }
  }

  @Test(arguments: AddressFamily.allCases)
  func neighborPackets(family: AddressFamily) {
    var random = Draw(seed: 3)
    for _ in 0..<5000 {
      let isRequest = random.flip()
      let mark = StandbyMark(
        virtualRouterID: random.octet(), priority: random.octet(), isReady: random.flip())
      // In the target hardware address of a request stands the mark; neighbour discovery has no such field.
      let packet = NeighborPacket(
        operation: isRequest ? .request : .reply, senderHardware: random.hardware(),
        sender: random.address(family),
        targetHardware: family == .ipv4 && !isRequest ? random.hardware() : .zero,
        target: random.address(family), standby: isRequest && random.flip() ? mark : nil)
      var frame: [UInt8] = []
      packet.encode(
        to: random.flip() ? .broadcast : random.hardware(), isRouter: random.flip(), into: &frame)
      #expect(NeighborPacket(decoding: frame.span) == packet)
    }
  }

  @Test(arguments: AddressFamily.allCases)
  func addressesOfTheKernel(family: AddressFamily) throws {
    var random = Draw(seed: 4)
    for _ in 0..<2000 {
      let length = random.number(1...family.width)
      let network = try #require(IPNetwork(random.address(family), prefixLength: length))
      let address = LinkAddress(
        linkIndex: Int32(random.number(1...1000)), network: network, broadcast: network.broadcast,
        label: family == .ipv4 && random.flip() ? "bond0:0" : nil, scope: .global,
        validLifetime: random.flip() ? .seconds(random.number(1...600)) : nil, protocolNumber: 112,
        isSecondary: false, isUsable: true)
      #expect(throws: Never.self) { try NetlinkProperties.checkRoundTrip(of: address) }
    }
  }

  @Test(arguments: AddressFamily.allCases)
  func routesOfTheKernel(family: AddressFamily) throws {
    var random = Draw(seed: 5)
    for _ in 0..<2000 {
      let length = random.number(0...family.width)
      let network = try #require(IPNetwork(random.address(family), prefixLength: length))
      let route = Route(
        destination: length == 0 ? Route.everywhere(family) : network,
        linkIndex: Int32(random.number(1...1000)), gateway: random.flip() ? random.address(family) : nil,
        source: random.flip() ? random.address(family) : nil, metric: UInt32(random.number(0...9999)),
        table: UInt32(random.number(1...9999)))
      #expect(throws: Never.self) { try NetlinkProperties.checkRoundTrip(of: route) }
    }
  }

  @Test func textsOfValues() throws {
    var random = Draw(seed: 6)
    for _ in 0..<2000 {
      let span = Duration.microseconds(random.number(0...1_000_000_000_000))
      #expect(TimeSpan.parse(TimeSpan.text(span)) == span)
      for family in AddressFamily.allCases {
        let address = random.address(family)
        #expect(IPAddress(address.description) == address)
        #expect(throws: Never.self) { try ValueProperties.check(Array(address.description.utf8)) }
        let length = random.number(1...family.width)
        let network = try #require(IPNetwork(address, prefixLength: length))
        let text = "\(network.subnet)/\(length) src \(address) metric \(random.number(1...9))"
        #expect(VirtualRoute(text)?.description ?? text == text)
      }
    }
  }

  /// Errors as the kernel never sends them; libFuzzer found that both ended the daemon.
  @Test(arguments: [(Int32.min, 36), (-22, UInt32.max), (-22, 0)] as [(Int32, UInt32)])
  func errorsFromBeyondTheRange(code: Int32, echoed: UInt32) {
    var bytes: [UInt8] = []
    func append(_ value: UInt32) { withUnsafeBytes(of: value) { bytes += $0 } }
    // nlmsghdr: length, NLMSG_ERROR with NLM_F_ACK_TLVS, sequence, port; the code; the header it answers.
    for word in [36, 0x0200_0002, 7, 0, UInt32(bitPattern: code), echoed, 20, 9, 0] { append(word) }
    #expect(throws: Never.self) { try NetlinkProperties.check(bytes) }
    bytes.withUnsafeMutableBytes { memory in
      guard let header = memory.baseAddress else { return }
      let outcome = RouteMessage(header.assumingMemoryBound(to: nlmsghdr.self)).outcome(
        of: "asking")
      #expect(outcome?.sequence == 9 && outcome?.error != nil)
    }
  }

  /// Printed as it stands, it would continue the line.
  @Test func backslashAtTheEndOfAValueIsKept() {
    let text = "[VirtualIP]\nLabel=bond0:\\ \nAddress=192.168.1.219/24\n"
    #expect(throws: Never.self) { try ConfigurationProperties.check(Array(text.utf8)) }
  }
}

/// The committed inputs with which the fuzzer begins.
private enum Corpus {
  private static let root = String(#filePath.dropLast("FuzzingTests.swift".count)) + "corpus/"

  static func seeds(of name: String) -> [[UInt8]] {
    guard let stream = opendir(root + name) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if bytes.first != UInt8(ascii: ".") { names.append(String(decoding: bytes, as: UTF8.self)) }
    }
    return names.sorted().compactMap { contents(of: root + name + "/" + $0) }
  }

  private static func contents(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    return Array(bytes.prefix(fread(&bytes, 1, bytes.count, file)))
  }
}

/// Drawn values, the same in every run.
private struct Draw: RandomNumberGenerator {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(state: seed) }

  mutating func next() -> UInt64 { generator.next() }

  mutating func octet() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
  mutating func flip() -> Bool { next() & 1 == 1 }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func hardware() -> MACAddress { MACAddress(bits: next()) }
  mutating func element(of inputs: [[UInt8]]) -> [UInt8] { inputs.randomElement(using: &self) ?? [] }

  /// A host's address, every other one of IPv6 with a run of zeros.
  mutating func address(_ family: AddressFamily) -> IPAddress {
    while true {
      let address: IPAddress
      switch family {
      case .ipv4: address = .ipv4(IPv4Address(bits: UInt32(truncatingIfNeeded: next())))
      case .ipv6:
        let mask = UInt64.max << UInt64(number(0...63))
        address = .ipv6(
          IPv6Address(high: flip() ? next() : next() & mask, low: flip() ? next() : next() & ~mask))
      }
      if address.isUsableByHost { return address }
    }
  }

  /// `seed` with some octets replaced, then cut or continued to `length`.
  mutating func mutation(of seed: [UInt8], length: Int) -> [UInt8] {
    var bytes = Array(seed.prefix(length))
    while bytes.count < length {
      bytes.append(flip() || seed.isEmpty ? octet() : seed[bytes.count % seed.count])
    }
    guard length > 0 else { return [] }
    for _ in 0..<number(0...4) { bytes[number(0...(length - 1))] = octet() }
    return bytes
  }
}
