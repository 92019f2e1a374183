import ArgumentParser
import Control
import Glibc
import Host
import Internet
import Linux
import Systemd

/// `vipctl watch`
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch this host's virtual IP addresses live.",
    discussion: """
      On a terminal, the list and the latest events; elsewhere, a line per event, which begins with the time \
      and the instance. Ends with Ctrl-C.
      """)

  @OptionGroup var places: Places

  func run() throws {
    let loop = try EventLoop()
    let screen = Terminal.isInteractive ? Screen() : nil
    let watcher = try Watcher(places.list, on: loop, screen: screen)
    let sources = [
      try loop.signal(SIGINT) { loop.exit(0) }, try loop.signal(SIGTERM) { loop.exit(0) },
      try loop.signal(SIGWINCH) { watcher.draw() },
      // Whoever reads our lines is gone.
      try loop.signal(SIGPIPE) { loop.exit(0) },
    ]
    screen?.open()
    defer { screen?.close() }
    watcher.look()
    _ = try loop.run()
    withExtendedLifetime((sources, watcher)) {}
  }
}

/// The terminal as a page that is drawn again and again.
struct Screen {
  /// Keeps what was on the terminal, and hides the cursor.
  func open() { Terminal.say("\u{1B}[?1049h\u{1B}[?25l", terminator: "") }

  /// Brings back what was on it.
  func close() { Terminal.say("\u{1B}[?25h\u{1B}[?1049l", terminator: "") }

  /// Replaces the page without flicker.
  func draw(_ lines: [String]) {
    let shown = lines.prefix(Terminal.rows ?? 24)
    let text = shown.map { $0 + "\u{1B}[K" }.joined(separator: "\n")
    Terminal.say("\u{1B}[H" + text + "\u{1B}[J", terminator: "")
  }
}

/// Keeps up with every instance, those that come and go included.
private final class Watcher {
  private let list: InstanceList
  private let loop: EventLoop
  private let screen: Screen?
  private var followers: [String: Follower] = [:]
  /// The latest last.
  private var events: [String] = []
  private var timer: Timer?

  private static let eventsKept = 200

  init(_ list: InstanceList, on loop: EventLoop, screen: Screen?) throws(SystemdError) {
    self.list = list
    self.loop = loop
    self.screen = screen
    timer = try loop.timer { [unowned self] in look() }
  }

  /// Looks after everybody, and again in a second: times go on, and what hangs says nothing.
  func look() {
    timer?.arm(at: Clock.now + .seconds(1))
    let known = list.all()
    for known in known where followers[known.name] == nil {
      followers[known.name] = Follower(known, list.socket(of: known.name), loop) { [unowned self] in
        note($0, $1)
      }
    }
    let names = Set(known.map(\.name))
    for name in followers.keys where !names.contains(name) {
      followers[name] = nil
      tell(WallClock.now, name, "gone")
    }
    for known in known { followers[known.name]?.ask(known) }
    draw()
  }

  private func note(_ before: Report?, _ report: Report) {
    guard before != report else { return }
    for (time, text) in Event.all(from: before, to: report, at: WallClock.now) {
      tell(time, report.name, text)
    }
    draw()
  }

  private func tell(_ time: UInt64, _ name: String, _ text: String) {
    let line = "\(WallClock.local(time))  \(name)  \(text.printable)"
    if screen == nil { Terminal.say(line) }
    events.append(line)
    if events.count > Self.eventsKept { events.removeFirst() }
  }

  func draw() {
    guard let screen else { return }
    let terminal = Terminal.standard
    let reports = list.all().compactMap { followers[$0.name]?.report }
    let table = ListView(reports: reports, now: WallClock.now).lines(on: terminal)
    let room = max((Terminal.rows ?? 24) - table.count - 1, 0)
    let latest = events.suffix(room).map { shorten($0, to: terminal.width ?? .max) }
    screen.draw(table + [""] + latest)
  }
}

/// What became different.
private enum Event {
  static func all(from before: Report?, to after: Report, at now: UInt64) -> [(UInt64, String)] {
    var events: [(UInt64, String)] = []
    let old = before?.status
    if let status = after.status {
      if old == nil { events.append((now, status.summary)) }
      let last = old?.transitions.first?.time
      let news = status.transitions.prefix { transition in last.map { transition.time > $0 + 1000 } ?? false }
      events += news.reversed().map { ($0.time, "\($0.state.capitalizedFirst): \($0.cause)") }
      events += peers(old, status).map { (now, $0) }
    } else if before?.status != nil || before == nil, after.remarks.isEmpty {
      events.append((now, "stopped"))
    }
    let remarks = (before?.remarks ?? [], after.remarks)
    events += remarks.1.filter { !remarks.0.contains($0) }.map { (now, $0.text) }
    if remarks.1.isEmpty && !remarks.0.isEmpty { events.append((now, "all is well")) }
    return events
  }

  private static func peers(_ old: InstanceStatus?, _ status: InstanceStatus) -> [String] {
    guard let old, old.state == "active", status.state == "active" else { return [] }
    let (before, after) = (old.standbys.map(\.address), status.standbys.map(\.address))
    return after.filter { !before.contains($0) }.map { "\($0) stands by" }
      + before.filter { !after.contains($0) }.map { "\($0) does not stand by any more" }
  }
}

/// One instance, asked whenever it says that something changed.
private final class Follower {
  private var known: InstanceList.Known
  private let path: String
  private let loop: EventLoop
  private let changed: (Report?, Report) -> Void
  private var client: BusClient?
  private var changes: BusSlot?
  private var question: BusSlot?
  private var isStale = false
  private(set) var report: Report?

  init(
    _ known: InstanceList.Known, _ path: String, _ loop: EventLoop,
    _ changed: @escaping (Report?, Report) -> Void
  ) {
    self.known = known
    self.path = path
    self.loop = loop
    self.changed = changed
  }

  func ask(_ known: InstanceList.Known) {
    self.known = known
    ask()
  }

  private func ask() {
    guard question == nil else {
      isStale = true
      return
    }
    isStale = false
    do throws(SystemdError) {
      let client = try connection()
      question = try client.status(timeout: Inquiry.patience) { [unowned self] in hear($0) }
    } catch {
      close()
      note(error.answer)
    }
  }

  private func hear(_ answer: Report.Answer) {
    question = nil
    if case .silent = answer, client?.isOpen == false {
      // It ended; the next look finds out whether it is back.
      close()
      return note(.stopped)
    }
    note(answer)
    if isStale { ask() }
  }

  private func connection() throws(SystemdError) -> BusClient {
    if let client, client.isOpen { return client }
    let client = try BusClient(path: path, on: loop)
    changes = try client.propertyChanges(at: InstanceInterface.path) { [unowned self] _ in ask() }
    self.client = client
    return client
  }

  private func close() {
    question = nil
    changes = nil
    client = nil
  }

  private func note(_ answer: Report.Answer) {
    let before = report
    let after = Report(known: known, answer: answer)
    report = after
    changed(before, after)
  }
}
