import Glibc
import Host
import Internet
import Linux
import Systemd

/// The socket by which instances of one host tell each other how they are: each has one in its own runtime directory,
/// and finds the others' in the directories beside that, which have the instances' names.
final class GroupSocket {
  private static let name = "group"
  private static let pause = Duration.seconds(1)

  private let siblings: String
  private let ownDirectory: String
  private let loop: EventLoop
  private let heard: (GroupMessage) -> Void
  private let troubled: (String) -> Void
  private var socket: LocalSocket?
  private var source: EventSource?
  private var timer: Timer?
  /// What everybody has yet to be told, for want of a socket.
  private var unsent: [GroupMessage] = []

  /// The socket of the instance whose runtime directory is `directory`. `heard` is called with what others tell,
  /// `troubled` with the reason when the socket cannot be opened; it is tried again.
  init(
    in directory: String, on loop: EventLoop, heard: @escaping (GroupMessage) -> Void,
    troubled: @escaping (String) -> Void
  ) {
    let end = directory.lastIndex(of: "/")
    siblings = end.map { String(directory[..<$0]) } ?? "."
    ownDirectory = end.map { String(directory[directory.index(after: $0)...]) } ?? directory
    self.loop = loop
    self.heard = heard
    self.troubled = troubled
    if let why = open() {
      troubled(why)
      timer = try? loop.timer { [unowned self] in openAgain() }
      timer?.arm(at: Clock.now + Self.pause)
    }
  }

  /// Tells the sibling of this name, or all that there are at this moment.
  func tell(_ message: GroupMessage, to name: String?) {
    if let name { return send(message, to: name) }
    if source == nil {
      unsent.removeAll { $0.content.isSameKind(as: message.content) }
      unsent.append(message)
    }
    for directory in Directory.entries(of: siblings) where directory != ownDirectory {
      send(message, to: directory)
    }
  }

  private func send(_ message: GroupMessage, to directory: String) {
    let datagram = Array(message.description.utf8)
    socket?.send(datagram.span, to: "\(siblings)/\(directory)/\(Self.name)")
  }

  /// Opens the socket; why that failed, if it did.
  private func open() -> String? {
    do {
      let socket = try LocalSocket(path: "\(siblings)/\(ownDirectory)/\(Self.name)")
      source = try loop.watch(fd: socket.fd, priority: .timer) { [unowned self] in receive() }
      self.socket = consume socket
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
    let messages = unsent
    unsent = []
    for message in messages { tell(message, to: nil) }
  }

  /// One datagram: the loop calls again while more wait.
  private func receive() {
    var message: GroupMessage?
    // What was lost comes again.
    _ = try? socket?.receive { message = GroupMessage(String(decoding: [UInt8]($0), as: UTF8.self)) }
    if let message { heard(message) }
  }
}

extension GroupMessage.Content {
  /// Whether the later one makes the earlier one needless.
  fileprivate func isSameKind(as other: Self) -> Bool {
    switch (self, other) {
    case (.state, .state), (.hello, .hello), (.gone, _): true
    default: false
    }
  }
}

extension [UInt8] {
  fileprivate init(_ bytes: Span<UInt8>) {
    self.init()
    for index in bytes.indices { append(bytes[index]) }
  }
}
