import CLab
import Glibc
import Internet

/// A client that downloads from the VIP over TCP, piece by piece on one connection as long as that lives, and
/// goes on where it stopped on a new one when it does not.
///
/// A connection belongs to the host that accepted it: when the VIP moves, the successor's kernel resets it.
/// What a move may not do is keep the client waiting, refuse the next connection, or spoil what it gets.
package final class Download: @unchecked Sendable {
  private enum State {
    case closed
    case connecting(Descriptor)
    case idle(Descriptor)
    case waiting(Descriptor, received: [UInt8])

    var socket: Descriptor? {
      switch self {
      case .closed: nil
      case .connecting(let socket), .idle(let socket), .waiting(let socket, _): socket
      }
    }
  }
  static let port: UInt16 = 2191
  static let interval = Duration.milliseconds(5)
  static let pieceSize = 1024

  private let loop: ObserverLoop
  private let namespace: Namespace
  private let target: sockaddr_storage
  private let timer: Descriptor
  private var state = State.closed
  private var offset = 0
  private var isIntact = true
  private var pieces: [Duration] = []
  private var connected: [Duration] = []
  private var broken: [Duration] = []
  private var refused: [Duration] = []

  init(_ loop: ObserverLoop, from namespace: Namespace, to address: IPv4Address) throws {
    self.loop = loop
    self.namespace = namespace
    target = sockaddr_storage(address, port: Self.port)
    timer = try Descriptor(lab_periodic_timer(Self.interval.nanoseconds), "timerfd")
    loop.add(timer) { [unowned self] now in tick(now) }
  }

  // MARK: What is there to download

  /// The piece that begins at `offset`: no two pieces of one download are the same.
  static func piece(at offset: Int) -> [UInt8] {
    let words = (0..<pieceSize / 8).map { UInt64(offset + $0 * 8).bigEndian }
    return words.withUnsafeBytes { Array($0) }
  }

  // MARK: The client

  private func tick(_ now: Duration) {
    var expirations: UInt64 = 0
    _ = read(timer.number, &expirations, 8)
    switch state {
    case .closed: connect(now)
    case .connecting(let socket), .idle(let socket): ask(on: socket, now)
    case .waiting: break
    }
  }

  private func connect(_ now: Duration) {
    guard let socket = try? namespace.run({ try TCP.openSocket() }) else { return }
    guard socket.connect(to: target) || errno == EINPROGRESS else { return refused.append(now) }
    state = .connecting(socket)
    loop.add(socket) { [unowned self, unowned socket] now in receive(from: socket, now) }
  }

  private func ask(on socket: Descriptor, _ now: Duration) {
    var question: [UInt8] = []
    question.appendNetworkOrder(UInt64(offset))
    if Glibc.send(socket.number, question, question.count, Int32(MSG_NOSIGNAL)) == question.count {
      if case .connecting = state { connected.append(now) }
      state = .waiting(socket, received: [])
    } else if errno != EAGAIN {
      fail(now)
    }
  }

  private func receive(from socket: Descriptor, _ now: Duration) {
    while let part = socket.readAvailable() {
      guard !part.isEmpty, case .waiting(_, var received) = state else { return fail(now) }
      received += part
      state = .waiting(socket, received: received)
      guard received.count >= Self.pieceSize else { continue }
      if received != Self.piece(at: offset) { isIntact = false }
      offset += Self.pieceSize
      pieces.append(now)
      state = .idle(socket)
    }
  }

  private func fail(_ now: Duration) {
    if case .connecting = state { refused.append(now) } else { broken.append(now) }
    if let socket = state.socket { loop.remove(socket) }
    state = .closed
  }

  /// Waits until the first piece is there.
  package func waitForStart(within limit: Duration) throws(LabError) {
    try loop.wait(for: "the download to start", within: limit) { !pieces.isEmpty }
  }

  func stop() {
    loop.remove(timer)
    if let socket = state.socket { loop.remove(socket) }
  }

  /// What happened to it between `start` and `end`.
  package func report(from start: Duration, to end: Duration) -> DownloadReport {
    loop.held {
      func within(_ times: [Duration]) -> [Duration] { times.filter { $0 >= start && $0 <= end } }
      let marks = [start] + within(pieces) + [end]
      return DownloadReport(
        bytes: within(pieces).count * Self.pieceSize, connections: within(connected).count,
        broken: within(broken).count, refused: within(refused).count,
        stall: zip(marks.dropFirst(), marks).map { $0 - $1 }.max() ?? .zero, isIntact: isIntact)
    }
  }
}

/// What a download went through during some time.
package struct DownloadReport: Sendable {
  package let bytes: Int
  /// Connections established.
  package let connections: Int
  /// Established connections that were reset or closed.
  package let broken: Int
  /// Attempts to connect that failed.
  package let refused: Int
  /// The longest time without a piece.
  package let stall: Duration
  /// Whether every piece, from whichever host it came, was the one that was asked for.
  package let isIntact: Bool
}

/// Serves downloads at an address whenever its host has it.
final class DownloadServer: @unchecked Sendable {
  private let loop: ObserverLoop

  init(_ loop: ObserverLoop, in namespace: Namespace, at address: IPv4Address) throws {
    self.loop = loop
    let listener = try namespace.run {
      let socket = try TCP.openSocket()
      try socket.set(Int32(IPPROTO_IP), IP_FREEBIND, 1)
      try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
      try socket.bind(to: sockaddr_storage(address, port: Download.port))
      guard listen(socket.number, 16) == 0 else { throw LabError("listen", errno: errno) }
      return socket
    }
    loop.add(listener) { [unowned self, unowned listener] _ in
      while let socket = TCP.accept(from: listener) { serve(socket) }
    }
  }

  private func serve(_ socket: Descriptor) {
    loop.add(socket) { [unowned self, unowned socket] _ in
      while let question = socket.readAvailable() {
        guard question.count == 8 else { return loop.remove(socket) }
        let piece = Download.piece(at: Int(question.loadNetworkOrder(UInt64.self, at: 0)))
        _ = send(socket.number, piece, piece.count, Int32(MSG_NOSIGNAL))
      }
    }
  }
}

private enum TCP {
  static func openSocket() throws(LabError) -> Descriptor {
    let kind =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let socket = try Descriptor(Glibc.socket(AF_INET, kind, 0), "TCP socket")
    try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    return socket
  }

  /// A connection that waits to be accepted.
  static func accept(from listener: Descriptor) -> Descriptor? {
    guard let socket = try? Descriptor(Glibc.accept(listener.number, nil, nil), "accept") else { return nil }
    _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
    _ = fcntl(socket.number, F_SETFD, FD_CLOEXEC)
    return socket
  }
}
