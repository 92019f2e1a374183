import Configuration
import Host
import Internet
import Linux
import Systemd
import Tracking

/// A command that is run again and again.
final class CommandCheck {
  /// Of what a run writes, this much is read; then its pipe is closed.
  private static let outputLimit = 65536
  private static let outputChunk = 4096

  private let words: [String]
  private var environment: [String]
  private let loop: EventLoop
  /// Told of every result: whether it passed, and if not, why.
  private let result: (Bool, String) -> Void
  private var schedule: CommandSchedule
  private var timer: Timer?

  private var child: ChildProcess?
  private var endSource: EventSource?
  private var outputSource: EventSource?
  private var output: [UInt8] = []
  /// Called when the run that ``cancel(then:)`` found has ended.
  private var isCancelled: (() -> Void)?

  /// Runs `command` first at `first`.
  init(
    _ command: TrackSettings.CommandLine, environment: [String], schedule: CommandSchedule,
    on loop: EventLoop,
    result: @escaping (Bool, String) -> Void
  ) throws(SystemdError) {
    words = command.words
    self.environment = environment
    self.loop = loop
    self.schedule = schedule
    self.result = result
    timer = try loop.timer { [unowned self] in act() }
    timer?.arm(at: schedule.deadline)
  }

  deinit { child?.kill() }

  /// Takes over a changed environment, interval and timeout for what comes next.
  func follow(environment: [String], interval: Duration, timeout: Duration) {
    self.environment = environment
    schedule.interval = interval
    schedule.timeout = timeout
    timer?.arm(at: schedule.deadline)
  }

  /// Runs no more. Ends a run that is going on; calls `body` when it is gone, and returns whether there is one.
  func cancel(then body: @escaping () -> Void) -> Bool {
    timer = nil
    guard let child else { return false }
    isCancelled = body
    child.kill()
    return true
  }

  private func act() {
    switch schedule.timer(at: Clock.now) {
    case .start: start()
    case .kill:
      child?.kill()
      result(false, "took longer than \(schedule.timeout.inWords)\(said)")
    case .failAgain: result(false, "cannot be killed")
    case nil: break
    }
    timer?.arm(at: schedule.deadline)
  }

  private func start() {
    output = []
    do {
      let child = try ChildProcess(words, environment: environment)
      self.child = child
      endSource = try loop.child(child.pid) { [unowned self] in end() }
      outputSource = try loop.watch(fd: child.fd, priority: .signal) { [unowned self] in readOutput() }
    } catch {
      child?.kill()
      guard endSource == nil else { return }
      child = nil
      _ = schedule.ended(at: Clock.now)
      result(false, "\(error)")
    }
  }

  private func readOutput() {
    guard let child else { return }
    let isOpen = child.read(into: &output, limit: Self.outputChunk)
    // A flood must not keep the loop busy: the writer gets SIGPIPE.
    if !isOpen || output.count >= Self.outputLimit { closeOutput() }
  }

  /// Both have the pipe open.
  private func closeOutput() {
    outputSource = nil
    child?.closeOutput()
  }

  private func end() {
    guard let child else { return }
    let end = child.end()
    if outputSource != nil { readOutput() }
    // What it left running; its number is still its own.
    child.kill()
    closeOutput()
    endSource = nil
    self.child = nil
    if let isCancelled { return isCancelled() }
    let counts = schedule.ended(at: Clock.now)
    timer?.arm(at: schedule.deadline)
    if counts { result(end == .exited(0), "\(end?.description ?? "is gone")\(said)") }
  }

  /// The first line of the output, for a message.
  private var said: String {
    let line = output.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first?.prefix(200) ?? []
    return line.isEmpty ? "" : ": \(String(decoding: line, as: UTF8.self).printable)"
  }
}
