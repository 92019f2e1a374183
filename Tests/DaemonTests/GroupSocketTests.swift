import Glibc
import Host
import Internet
import Linux
import Systemd
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct GroupSocketTests {
  private let temporary: TemporaryDirectory
  private let loop: EventLoop

  init() throws {
    temporary = try TemporaryDirectory()
    loop = try EventLoop()
    for name in ["219", "220", "221", "no-socket"] { mkdir("\(temporary.path)/\(name)", 0o755) }
  }

  private func path(_ name: String, _ file: String = "") -> String { "\(temporary.path)/\(name)/\(file)" }

  private func socket(
    _ name: String, of group: String = "web", happened: @escaping (Input) -> Void
  ) -> GroupSocket {
    GroupSocket(of: group, in: "\(temporary.path)/\(name)", on: loop, happened: happened) {
      Issue.record("\($0)")
    }
  }

  private func message(_ sender: String, _ content: GroupMessage.Content) -> GroupMessage {
    GroupMessage(group: "web", sender: sender, content)
  }

  private func accept(_ listener: borrowing LocalListener) throws -> LocalConnection {
    guard let connection = listener.accept() else { throw LocalConnection.Failure.refused }
    return connection
  }

  private func send(_ text: String, by connection: borrowing LocalConnection) {
    let bytes = Array(text.utf8)
    let sending = connection.send(bytes.span)
    #expect(sending == .sent)
  }

  /// Runs the loop; each step comes when what follows from the one before has had its time.
  private func run(pause: Duration = .milliseconds(50), _ steps: (() throws -> Void)...) throws {
    var (next, failure) = (0, (any Error)?.none)
    var timer: Timer?
    timer = try loop.timer { [loop] in
      guard next < steps.count else { return loop.exit(0) }
      do { try steps[next]() } catch { failure = error }
      next += 1
      timer?.arm(at: Clock.now + pause)
    }
    timer?.arm(at: Clock.now)
    _ = try loop.run()
    timer = nil
    if let failure { throw failure }
  }

  @Test func oneOrAllAreTold() throws {
    var heard: [String: [Input]] = [:]
    let first = socket("219") { heard["219", default: []].append($0) }
    let others = ["220", "221"].map { name in socket(name) { heard[name, default: []].append($0) } }
    try run(
      { first.tell(message("219", .hello), to: nil) },
      {
        // By the connection that is there now.
        let state = GroupMessage.Content.state(isAble: true, isActive: true, IPAddress("fd00::220"))
        others[0].tell(message("220", state), to: "219")
        for name in ["219", "nobody", "no-socket"] { others[0].tell(message("220", .gone), to: name) }
      })
    #expect(heard["220"] == [.group(message("219", .hello))])
    #expect(heard["221"] == [.group(message("219", .hello))])
    #expect(
      heard["219"] == [
        .group(message("220", .state(isAble: true, isActive: true, IPAddress("fd00::220")))),
        .group(message("220", .gone)),
      ])
    withExtendedLifetime((first, others)) {}
  }

  /// Both hear what the other one said, whoever found the other one first.
  @Test func twoThatFindEachOtherAtOnceLoseNothing() throws {
    var heard: [Input] = []
    let names = ["219", "220"]
    var sockets = names.map { name in socket(name) { heard.append($0) } }
    func tellAll(_ contents: [GroupMessage.Content]) {
      for content in contents {
        for (socket, name) in zip(sockets, names) { socket.tell(message(name, content), to: nil) }
      }
    }
    let states = [true, false].map { GroupMessage.Content.state(isAble: true, isActive: $0, nil) }
    try run(
      { tellAll([.hello] + states) }, { tellAll(states + states) },
      {
        expectAll(of: names, [.hello] + states + states + states, in: heard)
        heard = []
        sockets.removeLast()
      }, { #expect(heard == [.groupLost("220")]) })
  }

  private func expectAll(of names: [String], _ expected: [GroupMessage.Content], in heard: [Input]) {
    for name in names {
      let told = heard.compactMap { input in
        if case .group(let message) = input, message.sender == name { message.content } else { nil }
      }
      #expect(told == expected)
    }
  }

  /// What it said at last is heard before its end, though it had something unread itself.
  @Test func theEndOfASiblingIsAnEvent() throws {
    var heard: [Input] = []
    let listener = socket("219") { heard.append($0) }
    var other: GroupSocket? = socket("220") { _ in }
    try run(
      { other?.tell(message("220", .hello), to: "219") },
      {
        heard = []
        other?.tell(message("220", .gone), to: "219")
        listener.tell(message("219", .state(isAble: true, isActive: true, nil)), to: "220")
        other = nil
        listener.tell(message("219", .state(isAble: true, isActive: false, nil)), to: "220")
      },
      {
        #expect(heard == [.group(message("220", .gone)), .groupLost("220")])
        // It is restarted.
        other = socket("220") { _ in }
        listener.tell(message("219", .hello), to: "220")
        other?.tell(message("220", .hello), to: "219")
      }, { #expect(heard.last == .group(message("220", .hello))) })
    withExtendedLifetime((listener, other)) {}
  }

  @Test func oneOfAnotherGroupIsLeftAlone() throws {
    var heard: [Input] = []
    let group = socket("219") { heard.append($0) }
    let other = socket("220", of: "db") { heard.append($0) }
    try run {
      group.tell(message("219", .hello), to: nil)
      other.tell(GroupMessage(group: "db", sender: "220", .hello), to: nil)
    }
    #expect(heard.isEmpty)
    withExtendedLifetime((group, other)) {}
  }

  /// One that is frozen is told until its connection is full; when it goes on it learns that it missed something.
  @Test func whoDoesNotReadIsLost() throws {
    var heard: [Input] = []
    let group = socket("219") { heard.append($0) }
    let listener = try LocalListener(path: path("220", "members"))
    group.tell(message("219", .hello), to: "220")
    let frozen = try accept(listener)
    send("web 220 able active", by: frozen)
    var told = 0
    try run(
      {},
      {
        while !heard.contains(.groupLost("220")) && told < 100_000 {
          group.tell(message("219", .hello), to: "220")
          told += 1
        }
      })
    #expect(told > 100 && heard.last == .groupLost("220"))
    var (count, reading) = (0, LocalConnection.Reading.message)
    while reading == .message {
      reading = frozen.receive { _ in count += 1 }
    }
    #expect(reading == .ended && count == told)
    // It was tried once more.
    let again = try accept(listener)
    reading = again.receive { _ in }
    #expect(reading == .message)
    withExtendedLifetime(group) {}
  }

  /// As a killed process leaves it.
  @Test func aStaleSocketIsReplaced() throws {
    for name in ["members", "group"] {
      let stale = Glibc.socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
      #expect(UnixAddress(path: path("220", name))?.bind(stale) == 0)
      close(stale)
    }
    var heard: [Input] = []
    let group = socket("219") { heard.append($0) }
    group.tell(message("219", .hello), to: "220")
    let restarted = socket("220") { heard.append($0) }
    try run { group.tell(message("219", .gone), to: "220") }
    #expect(heard == [.group(message("219", .gone))])
    withExtendedLifetime((group, restarted)) {}
  }

  @Test func whatIsNoMessageIsPassedOver() throws {
    var heard: [Input] = []
    let group = socket("219") { heard.append($0) }
    let stranger = try LocalConnection(to: path("219", "members"))
    for text in ["web ../219 gone", String(repeating: "x", count: 5000), "web 220 gone"] {
      send(text, by: stranger)
    }
    // Nobody speaks for another one.
    send("web 221 gone", by: stranger)
    try run {}
    #expect(heard == [.group(message("220", .gone)), .groupLost("220")])
    withExtendedLifetime(group) {}
  }

  /// As on a full /run.
  @Test func aSocketThatCannotBeOpenedIsOpenedLater() throws {
    var heard: [Input] = []
    var trouble: [String] = []
    let late = GroupSocket(
      of: "web", in: "\(temporary.path)/late", on: loop, happened: { heard.append($0) },
      troubled: { trouble.append($0) })
    #expect(trouble.count == 1)
    mkdir("\(temporary.path)/late", 0o755)
    try run(pause: .milliseconds(1200), {})
    #expect(heard == [.groupReachable])
    withExtendedLifetime(late) {}
  }

  // MARK: Version 0.1

  @Test func whoKnowsDatagramsOnlyIsToldByThem() throws {
    var heard: [Input] = []
    let group = socket("219") { heard.append($0) }
    let old = try LocalSocket(path: path("220", "group"))
    let state = GroupMessage.Content.state(isAble: true, isActive: true, IPAddress("192.168.1.219"))
    group.tell(message("219", state), to: nil)
    var told: [UInt8] = []
    _ = try old.receive { bytes in for index in bytes.indices { told.append(bytes[index]) } }
    #expect(String(decoding: told, as: UTF8.self) == "web 219 able active")
    for text in ["", "web ../219 gone", String(repeating: "x", count: 5000), "web 220 able backup"] {
      let bytes = Array(text.utf8)
      old.send(bytes.span, to: path("219", "group"))
    }
    try run {}
    #expect(heard == [.groupPoll(message("220", .state(isAble: true, isActive: false, nil)))])
    withExtendedLifetime(group) {}
  }
}
