import Configuration
import Internet
import Linux
import Netlink
import Ownership
import Systemd

/// An instance's part in its group: tells the other members on this host how it is, and hears from them.
///
/// Every instance has its socket in its own runtime directory; the others find it in the directories beside theirs.
final class GroupMembership {
  /// `GROUP INSTANCE able|unable active|backup`, or `GROUP INSTANCE gone`.
  private enum Word {
    static let able = "able"
    static let unable = "unable"
    static let active = "active"
    static let backup = "backup"
    static let gone = "gone"
  }

  private static let socketName = "group"

  private let name: String
  private let siblings: String
  private let ownDirectory: String
  private let socket: LocalSocket
  private let changed: () -> Void
  private let memberLeft: () -> Void
  private var core: Group
  private var timer: Timer?
  private var source: EventSource?
  private var reported: GroupReason?
  /// Whether it is known how this instance is: one that is restarted must not seem to be unable meanwhile.
  private var isKnown = false

  /// Joins `group`; `changed` is called when `reason` has changed, `memberLeft` when another member is stopped.
  init(
    _ group: String, settings: Settings, runtimeDirectory: String, on loop: EventLoop,
    changed: @escaping () -> Void, memberLeft: @escaping () -> Void
  ) throws {
    name = group
    let end = runtimeDirectory.lastIndex(of: "/")
    siblings = end.map { String(runtimeDirectory[..<$0]) } ?? "."
    ownDirectory =
      end.map { String(runtimeDirectory[runtimeDirectory.index(after: $0)...]) } ?? runtimeDirectory
    socket = try LocalSocket(path: "\(runtimeDirectory)/\(Self.socketName)")
    core = Group(name: settings.instance, lease: settings.lease)
    self.changed = changed
    self.memberLeft = memberLeft
    timer = try loop.timer { [unowned self] in tick() }
    source = try loop.watch(fd: socket.fd, priority: .timer) { [unowned self] in receive() }
    tick()
  }

  /// Why this instance must not own its VIP; nil if the group lets it.
  var reason: GroupReason? { core.reason(at: Clock.now) }

  /// This instance's state, which the others hear of when it has changed.
  func update(isAble: Bool, isActive: Bool) {
    let isNews = core.update(isAble: isAble, isActive: isActive, at: Clock.now)
    guard isNews || !isKnown else { return }
    isKnown = true
    tell()
  }

  /// This instance is stopped on purpose.
  func leave() {
    timer = nil
    send("\(name) \(core.own.name) \(Word.gone)")
  }

  private func tick() {
    if core.isTelling(at: Clock.now) { tell() }
    if let deadline = core.deadline { timer?.arm(at: deadline) }
    noteChange()
  }

  private func tell() {
    guard isKnown else { return }
    let own = core.own
    let ability = own.isAble ? Word.able : Word.unable
    send("\(name) \(own.name) \(ability) \(own.isActive ? Word.active : Word.backup)")
  }

  private func send(_ text: String) {
    let datagram = Array(text.utf8)
    for directory in Directory.entries(of: siblings) where directory != ownDirectory {
      socket.send(datagram.span, to: "\(siblings)/\(directory)/\(Self.socketName)")
    }
  }

  private func receive() {
    do throws(LinuxError) {
      while try socket.receive({ self.hear(String(decoding: Array($0), as: UTF8.self)) }) {}
    } catch {
      // What was lost comes again.
    }
    noteChange()
  }

  private func hear(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count >= 3, words[0] == name else { return }
    if words[2] == Word.gone {
      core.forget(words[1])
      return memberLeft()
    }
    guard words.count == 4 else { return }
    core.hear(
      Group.Member(name: words[1], isAble: words[2] == Word.able, isActive: words[3] == Word.active),
      at: Clock.now)
  }

  private func noteChange() {
    let reason = reason
    guard reason != reported else { return }
    reported = reason
    changed()
  }
}

extension [UInt8] {
  fileprivate init(_ bytes: Span<UInt8>) {
    self.init()
    for index in bytes.indices { append(bytes[index]) }
  }
}

extension GroupReason {
  /// For the status line.
  var inWords: String {
    switch self {
    case .waiting(let leader): "waiting for vip@\(leader) to be Active here"
    case .unable(let member): "vip@\(member) cannot own its VIP here"
    case .silent(let member): "vip@\(member) is silent"
    }
  }
}
