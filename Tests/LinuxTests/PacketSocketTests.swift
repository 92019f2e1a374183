import CLinux
import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

@Suite(.enabled(if: isRoot, "needs root"))
struct PacketSocketTests {
  /// A broadcast frame of ARP's type whose payload begins with `operation` where ARP has it.
  private func frame(operation: UInt8, etherType: UInt16 = 0x0806) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: 6) + [2, 0, 0, 0, 0, 1]
    bytes += [UInt8(etherType >> 8), UInt8(etherType & 255), 0, 1, 8, 0, 6, 4, 0, operation]
    return bytes + [UInt8](repeating: 0, count: 60 - bytes.count)
  }

  private func frames(_ socket: borrowing PacketSocket) throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while try socket.receive({ frame in
      var bytes: [UInt8] = []
      for index in 0..<frame.count { bytes.append(frame[index]) }
      frames.append(bytes)
    }) {}
    return frames
  }

  @Test func frameArrivesAsItWasSent() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let receiver = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806)
    }
    try sender.send(frame(operation: 1).span)
    try #require(wait(for: receiver.fd))
    #expect(try frames(receiver) == [frame(operation: 1)])
    #expect(try frames(sender).isEmpty)
  }

  @Test func manyFramesInOneGo() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let receiver = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806)
    }
    let sent = (0..<200).map { frame(operation: UInt8($0)) }
    let bytes = Array(sent.joined())
    let count = try sender.send(bytes.span, count: sent.count)
    #expect(count == sent.count)
    try #require(wait(for: receiver.fd))
    #expect(try frames(receiver) == sent)
  }

  /// Neither blocks nor fails: whoever sends learns how far it came.
  @Test func aQueueThatIsFull() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let sender = try PacketSocket(linkIndex: hosts.firstLink.index)
      try shell("tc qdisc add dev eth0 root tbf rate 8kbit burst 1600 limit 3000")
      let bytes = Array((0..<200).map { frame(operation: UInt8($0)) }.joined())
      let sent = try sender.send(bytes.span, count: 200)
      #expect(sent > 0 && sent < 200)
      let more = try sender.send(bytes.span, count: 200)
      #expect(more < 200)
    }
  }

  @Test func ownFramesAreNotHeard() throws {
    let hosts = try TwoHosts()
    let socket = try hosts.first.run {
      try PacketSocket(linkIndex: hosts.firstLink.index, etherType: 0x0806)
    }
    let witness = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806)
    }
    try socket.send(frame(operation: 1).span)
    try #require(wait(for: witness.fd))
    #expect(try frames(socket).isEmpty)
  }

  @Test func filterDecidesInTheKernel() throws {
    let hosts = try TwoHosts()
    // ARP replies only: the half word at offset 20 is 2.
    let replies = [
      FilterInstruction(code: UInt16(BPF_LD | BPF_H | BPF_ABS), operand: 20),
      FilterInstruction(
        code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jumpIfTrue: 0, jumpIfFalse: 1, operand: 2),
      FilterInstruction(code: UInt16(BPF_RET | BPF_K), operand: 0xFFFF),
      FilterInstruction(code: UInt16(BPF_RET | BPF_K), operand: 0),
    ]
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let receiver = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806, filter: replies)
    }
    for operation in [1, 2, 1, 2] { try sender.send(frame(operation: UInt8(operation)).span) }
    try sender.send(frame(operation: 2, etherType: 0x88B5).span)
    try #require(wait(for: receiver.fd))
    #expect(try frames(receiver) == [frame(operation: 2), frame(operation: 2)])
  }

  @Test func badFilterIsRefused() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let nonsense = [FilterInstruction(code: 0xFFFF, operand: 0)]
      #expect(throws: LinuxError.self) {
        _ = try PacketSocket(linkIndex: hosts.firstLink.index, etherType: 0x0806, filter: nonsense)
      }
    }
  }

  @Test func linkGoingDownIsToldOnce() throws {
    let hosts = try TwoHosts()
    let receiver = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806)
    }
    try hosts.second.run { try shell("ip link set eth0 down") }
    try #require(wait(for: receiver.fd))
    let error = #expect(throws: LinuxError.self) { _ = try receiver.receive { _ in } }
    #expect(error?.kind == .linkDown)
    #expect(try !receiver.receive { _ in })
    _ = try hosts.second.run {
      try shell("ip link set eth0 up")
      return try linkWithCarrier(named: "eth0")
    }
    _ = try hosts.first.run { try linkWithCarrier(named: "eth0") }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    try sender.send(frame(operation: 1).span)
    #expect(wait(for: receiver.fd))
    #expect(try frames(receiver).contains(frame(operation: 1)))
  }
}
