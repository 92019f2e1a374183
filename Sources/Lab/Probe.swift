import CLab
import Glibc
import Internet

/// A client that asks the VIP every millisecond who serves it.
package final class Probe: @unchecked Sendable {
  /// One question and its answers.
  struct Question: Sendable {
    let sent: Duration
    var answers: [(host: String, time: Duration)] = []

    /// Whether the client had an answer when it could still use it.
    var isServed: Bool { answers.first.map { $0.time - sent <= Probe.patience } ?? false }
  }

  /// An answer that took longer is none: a request that waited in the client's ARP queue was an outage. What the
  /// answering program took does not count.
  static let patience = Duration.milliseconds(20)
  /// Until answers to what was asked have been read, on a machine that does other things too.
  private static let reading = Duration.milliseconds(60)
  static let interval = Duration.milliseconds(1)
  static let port: UInt16 = 2190

  private let loop: ObserverLoop
  private let socket: Descriptor
  private let timer: Descriptor
  private let target: sockaddr_storage
  private var questions: [Question] = []

  init(_ loop: ObserverLoop, from namespace: Namespace, to address: IPAddress) throws {
    self.loop = loop
    socket = try namespace.run { try Self.openSocket(address.family) }
    timer = try Descriptor(lab_periodic_timer(Self.interval.nanoseconds), "timerfd")
    target = sockaddr_storage(address, port: Self.port)
    loop.add(socket) { [unowned self] _ in receive() }
    loop.add(timer) { [unowned self] _ in ask() }
  }

  fileprivate static func openSocket(_ family: AddressFamily) throws(LabError) -> Descriptor {
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = try Descriptor(Glibc.socket(family.number, kind, 0), "UDP socket")
    try socket.set(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)
    try socket.set(SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return socket
  }

  private func ask() {
    var expirations: UInt64 = 0
    _ = read(timer.number, &expirations, 8)
    var question: [UInt8] = []
    question.appendNetworkOrder(UInt64(questions.count))
    questions.append(Question(sent: MonotonicClock.now))
    socket.send(question, to: target)
  }

  private func receive() {
    while let datagram = Datagram.receive(from: socket) {
      guard datagram.bytes.count > 16, datagram.sender.address == target.address else {
        continue
      }
      let number = Int(datagram.bytes.loadNetworkOrder(UInt64.self, at: 0))
      guard questions.indices.contains(number) else { continue }
      let held = Duration.nanoseconds(datagram.bytes.loadNetworkOrder(Int64.self, at: 8))
      let host = String(decoding: datagram.bytes.dropFirst(16), as: UTF8.self)
      questions[number].answers.append((host, datagram.received - held))
    }
  }

  /// No more questions; what was answered stays readable.
  package func stop() {
    loop.remove(timer)
    loop.remove(socket)
  }

  /// What the client saw of the questions asked between `start` and `end`.
  package func report(from start: Duration, to end: Duration) -> ProbeReport {
    ProbeReport(loop.held { questions.filter { $0.sent >= start && $0.sent <= end - Self.reading } })
  }

  /// The host that answered last; nil if nobody answered one of the last 50 questions in time.
  package var currentHost: String? {
    loop.held { questions.suffix(50).last { $0.isServed }?.answers.first?.host }
  }

  /// Waits until `host` answers.
  package func waitForAnswer(from host: String, within limit: Duration) throws(LabError) {
    try loop.wait(for: "an answer of \(host)", within: limit) {
      questions.suffix(10).last { $0.isServed }?.answers.first?.host == host
    }
  }
}

/// What a client saw during some time.
package struct ProbeReport: Sendable {
  /// Questions asked.
  package let asked: Int
  /// When those were asked that nobody answered in time.
  package let losses: [Duration]
  /// How many that were.
  package var lost: Int { losses.count }
  /// The longest time without service: from the first question lost to the next one answered, or to the end.
  package let outage: Duration
  /// The hosts that answered, in order, each once per stretch of answers.
  package let servedBy: [String]
  /// Questions answered more than once.
  package let answeredTwice: Int

  init(_ questions: [Probe.Question]) {
    var losses: [Duration] = []
    var longest = Duration.zero
    var outageStart: Duration?
    var servedBy: [String] = []
    for question in questions {
      if question.isServed, let answer = question.answers.first {
        if let start = outageStart { longest = max(longest, question.sent - start) }
        outageStart = nil
        if servedBy.last != answer.host { servedBy.append(answer.host) }
      } else {
        losses.append(question.sent)
        outageStart = outageStart ?? question.sent
      }
    }
    if let start = outageStart, let last = questions.last { longest = max(longest, last.sent - start) }
    asked = questions.count
    self.losses = losses
    outage = longest
    self.servedBy = servedBy
    answeredTwice = questions.count { $0.answers.count > 1 }
  }
}

/// Answers, from the address that was asked, with the time that it took since its kernel had the question, and the name
/// of the host it runs on.
final class Responder {
  private let socket: Descriptor

  /// Answers on `address` whenever `namespace` has it; IP_FREEBIND lets it wait for an
  /// address to come, of either family.
  init(_ loop: ObserverLoop, name: String, in namespace: Namespace, at address: IPAddress) throws {
    socket = try namespace.run {
      let socket = try Probe.openSocket(address.family)
      try socket.set(Int32(IPPROTO_IP), IP_FREEBIND, 1)
      try socket.bind(to: sockaddr_storage(address, port: Probe.port))
      return socket
    }
    loop.add(socket) { [socket] _ in
      while let datagram = Datagram.receive(from: socket) {
        var answer = Array(datagram.bytes.prefix(8))
        answer.appendNetworkOrder((MonotonicClock.now - datagram.received).nanoseconds)
        socket.send(answer + Array(name.utf8), to: datagram.sender)
      }
    }
  }
}

/// A UDP datagram with its sender and the time at which the kernel received it.
private struct Datagram {
  let bytes: [UInt8]
  let sender: sockaddr_storage
  let received: Duration

  static func receive(from socket: Descriptor) -> Datagram? {
    var buffer = [UInt8](repeating: 0, count: 256)
    var sender = sockaddr_storage()
    var stamp: Int64 = 0
    let count = lab_receive(
      socket.number, &buffer, buffer.count, &sender, UInt32(MemoryLayout<sockaddr_storage>.size), &stamp)
    guard count >= 0 else { return nil }
    return Datagram(
      bytes: Array(buffer[..<count]), sender: sender,
      received: MonotonicClock.from(realtimeNanoseconds: stamp))
  }
}
