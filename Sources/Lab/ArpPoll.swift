import CLab
import Glibc
import Internet

/// Asks everybody on the segment, by broadcast ARP every 10 ms, who has the VIP, and notes who says "I".
///
/// A probe goes to the one host that the client's cache names. This shows that a second host would answer too.
package final class ArpPoll: @unchecked Sendable {
  private struct Round {
    let asked: Duration
    var answers: Set<UInt64> = []
  }
  private let loop: ObserverLoop
  private let socket: Descriptor
  private let timer: Descriptor
  private let address: IPv4Address
  private var rounds: [Round] = []

  /// From one question to the next.
  package static let interval = Duration.milliseconds(10)

  init(
    _ loop: ObserverLoop, in namespace: Namespace, interface: String, about address: IPv4Address,
    askedBy asker: IPv4Address, hardwareAddress: MACAddress
  ) throws {
    self.loop = loop
    self.address = address
    let (socket, index) = try namespace.run {
      (try PacketSocket.open(protocol: ETH_P_ARP), if_nametoindex(interface))
    }
    self.socket = socket
    timer = try Descriptor(lab_periodic_timer(Self.interval.nanoseconds), "timerfd")
    var link = sockaddr_ll()
    link.sll_family = sa_family_t(AF_PACKET)
    link.sll_ifindex = Int32(index)
    link.sll_protocol = UInt16(ETH_P_ARP).bigEndian
    try socket.bind(to: link)
    let request = Frame.arp(
      operation: 1, from: hardwareAddress, sender: asker, to: .broadcast, targetHardware: .zero,
      target: address)
    loop.add(socket) { [unowned self] _ in receive() }
    loop.add(timer) { [unowned self, link] _ in
      var expirations: UInt64 = 0
      _ = read(timer.number, &expirations, 8)
      rounds.append(Round(asked: MonotonicClock.now))
      socket.send(request, to: link)
    }
  }

  private func receive() {
    while let frame = PacketSocket.receive(from: socket) {
      guard case .arp(let arp) = frame.content, arp.operation == 2, arp.senderAddress == address,
        !arp.isGratuitous, !rounds.isEmpty
      else { continue }
      rounds[rounds.count - 1].answers.insert(arp.senderHardwareAddress.bits)
    }
  }

  func stop() {
    loop.remove(timer)
    loop.remove(socket)
  }

  /// The times between `start` and `end` at which more than one station answered the same question.
  package func doubleAnswers(from start: Duration, to end: Duration) -> [Duration] {
    loop.held {
      rounds.filter { $0.asked >= start && $0.asked <= end && $0.answers.count > 1 }.map(\.asked)
    }
  }

  /// The longest time between `start` and `end` during which every question was answered by more than one
  /// station; zero also for a single question, which two hosts may answer while one hands over to the other.
  package func longestDoubleAnswer(from start: Duration, to end: Duration) -> Duration {
    loop.held {
      var longest = Duration.zero
      var since: Duration?
      for round in rounds where round.asked >= start && round.asked <= end {
        since = round.answers.count > 1 ? since ?? round.asked : nil
        if let since { longest = max(longest, round.asked - since) }
      }
      return longest
    }
  }
}
