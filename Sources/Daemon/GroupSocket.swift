import Glibc
import Host
import Internet
import Linux
import Systemd

/// The connections by which instances of one host tell each other how they are: each listens in its own runtime directory,
/// and finds the others in the directories beside that, which have the instances' names.
///
/// What is sent to one goes by the first connection with it that works, so that it comes in order. Two that find each
/// other at the same moment may have two. Version 0.1 knows datagrams only.
final class GroupSocket {
  private static let listenerName = "members"
  private static let datagramName = "group"
  private static let pause = Duration.seconds(1)

  private let group: String
  private let siblings: String
  private let ownDirectory: String
  private let loop: EventLoop
  private let happened: (Input) -> Void
  private let troubled: (String) -> Void
  private var listener: LocalListener?
  private var datagrams: LocalSocket?
  private var sources: [EventSource] = []
  private var timer: Timer?
  /// Watched as one: there may be some hundred.
  private var connections: [GroupConnection] = []
  private var readable: DescriptorSet?
  private var readableSource: EventSource?

  /// The connections of `group`, for the instance whose runtime directory is `directory`. `happened` is called with what
  /// others tell, and when they go; `troubled` with the reason when they cannot find this one; that is tried again.
  init(
    of group: String, in directory: String, on loop: EventLoop, happened: @escaping (Input) -> Void,
    troubled: @escaping (String) -> Void
  ) {
    let end = directory.lastIndex(of: "/")
    self.group = group
    siblings = end.map { String(directory[..<$0]) } ?? "."
    ownDirectory = end.map { String(directory[directory.index(after: $0)...]) } ?? directory
    self.loop = loop
    self.happened = happened
    self.troubled = troubled
    timer = try? loop.timer { [unowned self] in openAgain() }
    guard let why = open() else { return }
    troubled(why)
    timer?.arm(at: Clock.now + Self.pause)
  }

  // MARK: Telling

  /// Tells the sibling of this name, or all that there are at this moment.
  func tell(_ message: GroupMessage, to name: String?) {
    if let name { return send(message, to: name) }
    for directory in Directory.entries(of: siblings) where directory != ownDirectory {
      send(message, to: directory)
    }
  }

  private func send(_ message: GroupMessage, to name: String) {
    for connection in connections where connection.name == name {
      switch connection.send(message.description) {
      case .sent: return
      // It hangs. What it may still have to say, it can say again.
      case .full: close(connection)
      // What it said at last is read first.
      case .ended: continue
      }
    }
    do throws(LocalConnection.Failure) {
      let socket = try LocalConnection(to: "\(siblings)/\(name)/\(Self.listenerName)")
      let connection = GroupConnection(socket, with: name)
      if keep(connection) { _ = connection.send(message.description) }
    } catch {
      guard error == .nobodyListens else { return }
      let datagram = Array(message.brief.utf8)
      datagrams?.send(datagram.span, to: "\(siblings)/\(name)/\(Self.datagramName)")
    }
  }

  // MARK: Connections

  /// Waits for what comes by `connection`; whether it can be waited for.
  private func keep(_ connection: GroupConnection) -> Bool {
    guard readable?.add(connection.fd) == true else { return false }
    connections.append(connection)
    return true
  }

  private func close(_ connection: GroupConnection) {
    connections.removeAll { $0 === connection }
    readable?.remove(connection.fd)
    // Whoever said nothing is none of the group.
    guard connection.hasSpoken, let name = connection.name,
      !connections.contains(where: { $0.name == name && $0.hasSpoken })
    else { return }
    happened(.groupLost(name))
  }

  /// One message: the loop calls again while more wait.
  private func receive() {
    guard let fd = readable?.next(), let connection = connections.first(where: { $0.fd == fd }) else {
      return
    }
    switch connection.receive() {
    case .nothing: break
    case .ended: close(connection)
    case .text(let text):
      guard let message = GroupMessage(text) else { return }
      // One of another group wants nothing from this one.
      guard message.group == group, connection.name ?? message.sender == message.sender else {
        return close(connection)
      }
      connection.name = message.sender
      connection.hasSpoken = true
      happened(.group(message))
    }
  }

  // MARK: Being found

  /// Lets others find this one; why that failed, if it did.
  private func open() -> String? {
    // Before the next ones: they take their names with them.
    listener = nil
    datagrams = nil
    do {
      if readable == nil {
        let readable = try DescriptorSet()
        readableSource = try loop.watch(fd: readable.fd, priority: .sibling) { [unowned self] in receive() }
        self.readable = consume readable
      }
      let listener = try LocalListener(path: "\(siblings)/\(ownDirectory)/\(Self.listenerName)")
      let datagrams = try LocalSocket(path: "\(siblings)/\(ownDirectory)/\(Self.datagramName)")
      sources = [
        try loop.watch(fd: listener.fd, priority: .sibling) { [unowned self] in accept() },
        try loop.watch(fd: datagrams.fd, priority: .sibling) { [unowned self] in receiveDatagram() },
      ]
      self.listener = consume listener
      self.datagrams = consume datagrams
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func openAgain() {
    guard open() == nil else {
      timer?.arm(at: Clock.now + Self.pause)
      return
    }
    happened(.groupReachable)
  }

  private func accept() {
    if let socket = listener?.accept() {
      _ = keep(GroupConnection(socket, with: nil))
      return
    }
    // No descriptor is left: what waits would have the loop turn for nothing.
    sources = []
    timer?.arm(at: Clock.now + Self.pause)
  }

  private func receiveDatagram() {
    var message: GroupMessage?
    // What was lost comes again.
    _ = try? datagrams?.receive { message = GroupMessage(String(decoding: [UInt8]($0), as: UTF8.self)) }
    if let message { happened(.groupPoll(message)) }
  }
}

/// A connection with another instance.
private final class GroupConnection {
  /// What a reading came to.
  enum Reading {
    case text(String)
    case nothing
    case ended
  }

  private let socket: LocalConnection
  /// Whose instance is at the other end; nil as long as that has not said so.
  var name: String?
  /// Whether it has said anything: one of another group, or one that is frozen, has not.
  var hasSpoken = false

  init(_ socket: consuming LocalConnection, with name: String?) {
    self.socket = socket
    self.name = name
  }

  var fd: Int32 { socket.fd }

  func send(_ text: String) -> LocalConnection.Sending {
    let bytes = Array(text.utf8)
    return socket.send(bytes.span)
  }

  func receive() -> Reading {
    var text = ""
    return switch socket.receive({ text = String(decoding: [UInt8]($0), as: UTF8.self) }) {
    case .message: .text(text)
    case .nothing: .nothing
    case .ended: .ended
    }
  }
}

extension [UInt8] {
  fileprivate init(_ bytes: Span<UInt8>) {
    self.init()
    for index in bytes.indices { append(bytes[index]) }
  }
}
