import Internet
import Ownership
import VRRP

/// Packets that must change nothing.
extension World {
  mutating func sendHostilePackets(to number: Int) {
    guard hosts[number].runs else { return }
    for form in 0..<8 { refuse(form, number) }
    impersonate(number)
  }

  /// An Advertisement of priority 255 that is wrong in one point, so that RFC 9568 §7.1 has it discarded.
  private mutating func refuse(_ form: Int, _ number: Int) {
    let router = VirtualRouter(
      id: Station.virtualRouterID, addresses: [.ipv4(IPv4Address(bits: 0xC0A8_01DB))], interval: .shortest)
    let sender = Station.address(Station.bystander, .ipv4)
    let foreignID = form == 5 ? Station.virtualRouterID &+ 1 : Station.virtualRouterID
    var message: [UInt8] = []
    router.encode(
      Advertisement(virtualRouterID: foreignID, priority: 255, interval: .shortest), from: sender,
      to: Advertisement.group(.ipv4), in: Dialect(checksum: .rfc9568), into: &message)
    var envelope = Envelope(source: sender, destination: Advertisement.group(.ipv4), timeToLive: 255)
    switch form {
    case 0: envelope.timeToLive = UInt8(hosts[number].random.below(255))
    case 1: message.removeLast(1 + hosts[number].random.below(message.count))
    case 2: message.replace(0, by: 0x21)
    case 3: message.replace(0, by: 0x32)
    case 4: message[hosts[number].random.below(message.count)] ^= 0x10
    case 6: message.replace(3, by: 0)
    case 7: message.replace(5, by: 0)
    default: break
    }
    let received = try? router.decode(message.span, in: envelope)
    if received != nil { violate(.hostile, "form \(form) passed the decoder") }
  }

  /// An Advertisement with the host's own address as its sender.
  private mutating func impersonate(_ number: Int) {
    let before = hosts[number].instance.election
    let forged = Advertisement(virtualRouterID: Station.virtualRouterID, priority: 255, interval: .shortest)
    // What is due anyway may happen at any event.
    guard hosts[number].deadlineTime > now, hosts[number].instance.hold == nil else { return }
    let sender = Station.address(number, plan.network.families[0])
    tell(.advertisement(ReceivedAdvertisement(forged, from: sender)), to: number)
    if hosts[number].instance.election != before {
      violate(.hostile, "\(Station.name(number)) believed a packet from its own address")
    }
  }
}

extension [UInt8] {
  /// Changes one octet and repairs the checksum.
  fileprivate mutating func replace(_ index: Int, by value: UInt8) {
    self[index] = value
    self[6] = 0
    self[7] = 0
    var checksum = Checksum()
    checksum.add(span)
    self[6] = UInt8(checksum.value >> 8)
    self[7] = UInt8(truncatingIfNeeded: checksum.value)
  }
}
