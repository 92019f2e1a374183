import CLab
import Glibc

/// A VRRP daemon running on a host of a segment. Ended, by its pid, and reaped with the last reference to it.
package final class HostDaemon: @unchecked Sendable {
  package let kind: DaemonKind
  package let host: Segment.Station
  /// Where its configuration is, and the file of it.
  package let configurationDirectory: String
  package let configurationPath: String
  /// Where its sockets and pid files are, beside those of its host's other instances.
  package let runtimeDirectory: String
  private let loop: ObserverLoop
  private let output: Descriptor
  private let child: pid_t
  private var unfinishedLine: [UInt8] = []
  private var lines: [(time: Duration, text: String)] = []
  private var status: Int32?

  /// Writes `settings` for `kind` and starts it on host `number`; `wrapper` comes before the daemon's own words.
  package convenience init(
    _ kind: DaemonKind, on number: Int, of segment: Segment, _ settings: DaemonSettings = DaemonSettings(),
    instance: String? = nil, wrapper: [String] = []
  ) throws {
    let frr = kind == .frr ? FRR(on: try segment.host(number), settings) : nil
    try frr?.prepare(segment.ownership)
    try self.init(
      kind, on: number, of: segment, configuration: settings.text(for: kind),
      instance: instance ?? "\(settings.virtualRouterID)", wrapper: wrapper)
    try frr?.waitForStart(segment.ownership)
  }

  /// Starts `kind` with this text as its configuration, or with no file at all.
  package init(
    _ kind: DaemonKind, on number: Int, of segment: Segment, configuration: String?, instance: String,
    wrapper: [String] = []
  ) throws {
    self.kind = kind
    loop = segment.loop
    host = try segment.host(number)
    let directory = "\(segment.resources.directory)/\(number)/\(kind.rawValue)-\(instance)"
    // As under /run/vip, where the instances of a host find each other.
    runtimeDirectory = "\(segment.resources.directory)/\(number)/\(kind.rawValue)-run/\(instance)"
    try File.makeDirectory(runtimeDirectory)
    configurationDirectory = "\(directory)/etc"
    try File.makeDirectory(configurationDirectory)
    configurationPath = "\(configurationDirectory)/\(instance).conf"
    if let configuration { try File.write(configuration, to: configurationPath) }
    let program =
      switch kind {
      case .vipd:
        // With the priority that its unit gives it: else a busy machine holds it up.
        [
          "chrt", "--reset-on-fork", "--rr", "1",
          try Self.vipdPath(), "--config-dir", configurationDirectory, "--runtime-dir", runtimeDirectory,
          instance,
        ]
      case .keepalived:
        [
          "keepalived", "-n", "-l", "-D", "-P", "-f", configurationPath, "-p", "\(runtimeDirectory)/pid",
          "-r",
          "\(runtimeDirectory)/vrrp.pid",
        ]
      case .frr: FRR.program(configuration: configurationPath, runtimeDirectory: runtimeDirectory)
      case .ucarp: ["sh", configurationPath]
      }
    (child, output) = try Self.spawn(host.namespace.command(wrapper + program))
    loop.add(output) { [weak self] now in self?.readLog(now) }
  }

  deinit {
    loop.remove(output)
    for pid in pids { kill(pid, SIGKILL) }
    if status == nil { _ = Command.reap(child) }
  }

  /// `$VIPD`, or the vipd beside the running program.
  package static func vipdPath() throws(LabError) -> String {
    if let chosen = getenv("VIPD") { return String(cString: chosen) }
    return try program("vipd")
  }

  /// A program of this package, beside the running one, as `swift build` leaves them.
  package static func program(_ name: String) throws(LabError) -> String {
    guard let own = realpath("/proc/self/exe", nil) else { throw LabError("realpath", errno: errno) }
    defer { free(own) }
    let path = String(cString: own)
    let beside = path[..<(path.lastIndex(of: "/") ?? path.startIndex)] + "/\(name)"
    guard access(String(beside), X_OK) == 0 else { throw LabError("no \(name) beside \(path)") }
    return String(beside)
  }

  private static func spawn(_ command: Command) throws(LabError) -> (pid_t, Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard lab_pipe(&ends) == 0 else { throw LabError("pipe2", errno: errno) }
    let output = try Descriptor(ends[0], "pipe2")
    let writeEnd = try Descriptor(ends[1], "pipe2")
    _ = fcntl(output.number, F_SETFL, O_NONBLOCK)
    return (try command.spawn(output: writeEnd), output)
  }

  // MARK: The process

  /// The processes it consists of, the one that was started first.
  private var pids: [pid_t] {
    let file: String? =
      switch kind {
      case .vipd, .ucarp: nil
      case .keepalived: "vrrp.pid"
      case .frr: "zebra.pid"
      }
    let second = file.flatMap { File.read("\(runtimeDirectory)/\($0)") }
    let number = second.flatMap { pid_t($0.prefix { $0.isNumber }) }
    let alive = number.flatMap { isOurs($0) ? $0 : nil }
    return (status == nil ? [child] : []) + (alive.map { [$0] } ?? [])
  }

  /// A pid file may outlive its process: only a child of ours is signalled.
  private func isOurs(_ pid: pid_t) -> Bool {
    (File.read("/proc/\(pid)/cmdline") ?? "").contains(runtimeDirectory)
  }

  /// Sends `signal` to the daemon. All its processes are killed, frozen and thawed as if they were one.
  package func send(_ signal: Int32) throws(LabError) {
    let pids = pids
    guard let first = pids.first, isRunning else {
      throw LabError("\(kind.rawValue) of .\(host.number) has ended")
    }
    switch signal {
    case SIGKILL:
      // keepalived's parent would restart a killed child, and its child would resign without a parent.
      for pid in pids { kill(pid, SIGSTOP) }
      for pid in pids.reversed() { kill(pid, SIGKILL) }
    case SIGSTOP, SIGCONT: for pid in pids { kill(pid, signal) }
    default: kill(first, signal)
    }
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool {
    if status == nil { status = Command.reapIfEnded(child) }
    return status == nil
  }

  /// Waits for its end: its exit status, or 128 + the signal that killed it.
  @discardableResult
  package func waitForExit(within limit: Duration) throws(LabError) -> Int32 {
    let end = MonotonicClock.now + limit
    while isRunning {
      guard MonotonicClock.now < end else { throw LabError("\(kind.rawValue) still runs after \(limit)") }
      pause(.milliseconds(2))
    }
    return status ?? 0
  }

  /// SIGTERM, and waits for the end.
  @discardableResult
  package func stop(within limit: Duration = .seconds(10)) throws(LabError) -> Int32 {
    if isRunning { try send(SIGTERM) }
    return try waitForExit(within: limit)
  }

  /// Writes new settings and has the daemon read them.
  package func reload(_ settings: DaemonSettings) throws(LabError) {
    try File.write(settings.text(for: kind), to: configurationPath)
    try send(SIGHUP)
  }

  /// What all its processes have used so far.
  package var account: ProcessAccount { ProcessAccount(of: pids) }

  /// What all its processes have in memory; nil if it has ended.
  package var memory: MemoryAccount? { isRunning ? MemoryAccount(of: pids) : nil }

  // MARK: The log

  private func readLog(_ now: Duration) {
    while let part = output.readAvailable() {
      if part.isEmpty { return loop.remove(output) }
      unfinishedLine += part
      while let end = unfinishedLine.firstIndex(of: UInt8(ascii: "\n")) {
        lines.append((now, String(decoding: unfinishedLine[..<end], as: UTF8.self)))
        unfinishedLine.removeFirst(end + 1)
      }
    }
  }

  /// Whether it has said anything, as every daemon does that has begun its work.
  var hasSpoken: Bool { loop.held { !lines.isEmpty } }

  /// What it has said so far.
  package var log: [String] { loop.held { lines.map(\.text) } }

  /// `error` with what the daemons have said lately, for whoever has to find out why.
  package static func explain(_ error: any Error, by daemons: [HostDaemon]) -> LabError {
    let said = daemons.flatMap { daemon in
      daemon.log.suffix(20).map { "\n  .\(daemon.host.number): \($0)" }
    }
    return LabError("\(error)\(said.joined())")
  }

  /// Waits for a line said at or after `start` that contains `text`: the time it was said.
  @discardableResult
  package func waitForLog(
    _ text: String, from start: Duration = .zero, within limit: Duration
  ) throws(LabError) -> Duration {
    var found: Duration?
    try loop.wait(for: "\(kind.rawValue) of .\(host.number) to say \"\(text)\"", within: limit) {
      found = lines.first { $0.time >= start && $0.text.contains(text) }?.time
      return found != nil
    }
    return found ?? .zero
  }
}
