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

  private func socket(_ name: String, heard: @escaping (GroupMessage) -> Void) -> GroupSocket {
    GroupSocket(in: "\(temporary.path)/\(name)", on: loop, heard: heard) { Issue.record("\($0)") }
  }

  /// Runs the loop until nothing comes for a moment.
  private func settle(_ time: Duration = .milliseconds(50)) throws {
    let timer = try loop.timer { [loop] in loop.exit(0) }
    timer.arm(at: Clock.now + time)
    _ = try loop.run()
  }

  @Test func oneOrAllAreTold() throws {
    var heard: [String] = []
    let first = socket("219") { heard.append("219: \($0)") }
    let others = ["220", "221"].map { name in socket(name) { heard.append("\(name): \($0)") } }
    first.tell(GroupMessage(group: "web", sender: "219", .hello), to: nil)
    others[0].tell(GroupMessage(group: "web", sender: "220", .gone), to: "219")
    others[0].tell(GroupMessage(group: "web", sender: "220", .gone), to: "nobody")
    try settle()
    #expect(heard.sorted() == ["219: web 220 gone", "220: web 219 hello", "221: web 219 hello"])
    withExtendedLifetime((first, others)) {}
  }

  @Test func whatIsNoMessageIsPassedOver() throws {
    var heard: [GroupMessage] = []
    let group = socket("219") { heard.append($0) }
    let stranger = try LocalSocket(path: "\(temporary.path)/stranger")
    for text in ["", "web ../219 gone", String(repeating: "x", count: 5000), "web 220 gone"] {
      let bytes = Array(text.utf8)
      stranger.send(bytes.span, to: "\(temporary.path)/219/group")
    }
    try settle()
    #expect(heard == [GroupMessage(group: "web", sender: "220", .gone)])
    withExtendedLifetime(group) {}
  }

  /// As on a full /run: it is tried again, and what everybody must know is told then.
  @Test func aSocketThatCannotBeOpenedIsOpenedLater() throws {
    var heard: [GroupMessage] = []
    var trouble: [String] = []
    let listener = socket("220") { heard.append($0) }
    let late = GroupSocket(in: "\(temporary.path)/late", on: loop, heard: { _ in }) { trouble.append($0) }
    late.tell(GroupMessage(group: "web", sender: "late", .hello), to: nil)
    for isActive in [false, true] {
      late.tell(GroupMessage(group: "web", sender: "late", .state(isAble: true, isActive: isActive)), to: nil)
    }
    #expect(trouble.count == 1)
    mkdir("\(temporary.path)/late", 0o755)
    try settle(.milliseconds(1200))
    #expect(heard.map(\.content) == [.hello, .state(isAble: true, isActive: true)])
    withExtendedLifetime((listener, late)) {}
  }
}
