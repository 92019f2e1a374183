import Glibc
import Internet
import Linux
import Testing

@testable import Systemd

/// A server and its clients on one loop, which never waits for any of them.
private final class Bench {
  let loop: EventLoop
  let directory: String
  var path: String { "\(directory)/bus" }
  var number: UInt64 = 7
  var calls: [BusCall] = []
  var server: BusServer?
  var slots: [BusSlot] = []
  private var timers: [Timer] = []
  static let interface = "net.vipd.Test1"
  static let object = "/net/vipd/Test"

  init() throws {
    loop = try EventLoop()
    var template = Array("/tmp/vipd-bus-XXXXXX".utf8CString)
    directory = String(cString: try #require(mkdtemp(&template)))
    chmod(directory, 0o755)
  }

  deinit {
    server = nil
    unlink(path)
    rmdir(directory)
  }

  func serve() throws {
    let object = BusObject(
      path: Self.object, interface: Self.interface,
      properties: [
        BusObject.Property("Number", "t") { [unowned self] message throws(SystemdError) in
          try message.append(number)
        },
        BusObject.Property("Table", "a(sybt)") { message throws(SystemdError) in
          try message.append(.array, of: "(sybt)") { () throws(SystemdError) in
            for index in 0..<UInt8(3) {
              try message.append(.structure, of: "sybt") { () throws(SystemdError) in
                try message.append("row")
                try message.append(index)
                try message.append(index == 1)
                try message.append(UInt64.max - UInt64(index))
              }
            }
          }
        },
      ],
      methods: [
        BusObject.Method("Later", results: "s", names: "Answer\0") { [unowned self] in calls.append($0) },
        BusObject.Method("Now") { [unowned self] in
          number += 1
          $0.reply()
          server?.emitChanged()
        },
        BusObject.Method("Never") { _ in },
      ])
    server = try BusServer(object, at: path, on: loop)
  }

  /// Runs the loop until somebody ends it with code 0, which can be done once; it has failed when it takes too
  /// long.
  func run(_ limit: Duration = .seconds(20)) throws {
    after(limit) { [unowned self] in loop.exit(1) }
    // Their handlers may hold this object.
    defer {
      timers = []
      slots = []
    }
    try #require(try loop.run() == 0, "in time")
  }

  /// Calls `body` later.
  func after(_ delay: Duration, _ body: @escaping () -> Void) {
    do {
      let timer = try loop.timer(body)
      timer.arm(at: Clock.now + delay)
      timers.append(timer)
    } catch {
      Issue.record(error)
    }
  }

  /// Calls `method` and hands what comes of it to `then`, which ends the loop if nobody says otherwise.
  func call(
    _ method: String, on client: BusClient, then: @escaping (BusClient.Answer) -> Void
  ) throws {
    slots.append(
      try client.call(
        method, of: Self.interface, at: Self.object, timeout: .seconds(10), answer: then))
  }
}

@Suite struct BusTests {
  @Test func propertiesAreRead() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var rows: [String] = []
    var number: UInt64?
    let slot = try client.properties(of: Bench.interface, at: Bench.object, timeout: .seconds(10)) { answer in
      defer { bench.loop.exit(0) }
      do {
        let message = try answer.get()
        _ = try message.readArray(of: "{sv}") { () throws(SystemdError) in
          try message.read(.entry, of: "sv") { () throws(SystemdError) in
            switch try message.readString() {
            case "Number":
              number = try message.read(.variant, of: "t") { () throws(SystemdError) in
                try message.readUInt64()
              }
            case "Table":
              rows = try message.read(.variant, of: "a(sybt)") { () throws(SystemdError) in
                try message.readArray(of: "(sybt)") { () throws(SystemdError) in
                  try message.read(.structure, of: "sybt") { () throws(SystemdError) in
                    "\(try message.readString()) \(try message.readUInt8()) \(try message.readBool()) "
                      + "\(UInt64.max - (try message.readUInt64()))"
                  }
                }
              }
            default: try message.skip()
            }
          }
        }
      } catch {
        Issue.record(error)
      }
    }
    try bench.run()
    #expect(number == 7)
    #expect(rows == ["row 0 false 0", "row 1 true 1", "row 2 false 2"])
    withExtendedLifetime(slot) {}
  }

  @Test func theObjectDescribesItself() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var text = ""
    let slot = try client.call(
      "Introspect", of: "org.freedesktop.DBus.Introspectable", at: Bench.object, timeout: .seconds(10)
    ) {
      text = (try? $0.get().readString()) ?? ""
      bench.loop.exit(0)
    }
    try bench.run()
    #expect(text.contains("<method name=\"Later\">") && text.contains("name=\"Answer\""))
    #expect(text.contains("<property name=\"Table\" type=\"a(sybt)\""))
    withExtendedLifetime(slot) {}
  }

  @Test func whoTakesItForAMessageBusIsGivenAName() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var name = ""
    let slot = try client.call(
      "Hello", of: "org.freedesktop.DBus", at: "/org/freedesktop/DBus", destination: "org.freedesktop.DBus",
      timeout: .seconds(10)
    ) {
      name = (try? $0.get().readString()) ?? ""
      bench.loop.exit(0)
    }
    try bench.run()
    #expect(name.hasPrefix(":"), "a unique name (D-Bus specification, Valid Names)")
    withExtendedLifetime(slot) {}
  }

  @Test func aWrongTypeIsAnErrorAndNotATrap() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var error: SystemdError?
    let slot = try client.property("Number", of: Bench.interface, at: Bench.object, timeout: .seconds(10)) {
      answer in
      do { _ = try answer.get().readString() } catch let failure as SystemdError { error = failure } catch {
        Issue.record(error)
      }
      bench.loop.exit(0)
    }
    try bench.run()
    #expect(error?.errno == EBADMSG)
    withExtendedLifetime(slot) {}
  }

  @Test func anAnswerMayComeLater() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var answer: String?
    try bench.call("Later", on: client) {
      answer = try? $0.get().readString()
      bench.loop.exit(0)
    }
    bench.after(.milliseconds(300)) {
      #expect(bench.calls.count == 1 && answer == nil)
      for call in bench.calls { call.reply { (message) throws(SystemdError) in try message.append("done") } }
    }
    try bench.run()
    #expect(answer == "done")
  }

  @Test func aCallThatNobodyAnswersIsRefused() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    var error: BusError?
    try bench.call("Never", on: client) {
      if case .failure(let failure) = $0 { error = failure }
      bench.loop.exit(0)
    }
    try bench.run()
    #expect(error == BusError(name: BusError.noReply, message: "The call was dropped"))
  }

  @Test func aServerThatDoesNotTurnIsNoticedInTime() throws {
    let bench = try Bench()
    let listener = try UnixSocket.listen(at: bench.path)
    defer { close(listener) }
    let client = try BusClient(path: bench.path, on: bench.loop)
    var error: BusError?
    let slot = try client.property(
      "Number", of: Bench.interface, at: Bench.object, timeout: .milliseconds(200)
    ) {
      if case .failure(let failure) = $0 { error = failure }
      bench.loop.exit(0)
    }
    let start = Clock.now
    try bench.run()
    #expect(error != nil)
    #expect(Clock.now - start < .seconds(5))
    withExtendedLifetime(slot) {}
  }

  @Test func clientsHearOfChanges() throws {
    let bench = try Bench()
    try bench.serve()
    let client = try BusClient(path: bench.path, on: bench.loop)
    let watcher = try BusClient(path: bench.path, on: bench.loop)
    var changes: [String] = []
    let slot = try watcher.propertyChanges(at: Bench.object) { message in
      changes.append((try? message.readString()) ?? "unreadable")
      bench.loop.exit(0)
    }
    try bench.call("Never", on: watcher) { _ in
      // The watcher is there, now that it has had an answer.
      #expect(changes.isEmpty)
      do { try bench.call("Now", on: client) { _ in } } catch { Issue.record(error) }
    }
    try bench.run()
    #expect(changes == [Bench.interface])
    #expect(bench.number == 8)
    withExtendedLifetime(slot) {}
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func othersMayReadAndNotChange() throws {
    let bench = try Bench()
    try bench.serve()
    // A peer has the identity that it connected with.
    seteuid(65534)
    let client = Result { try BusClient(path: bench.path, on: bench.loop) }
    seteuid(0)
    let stranger = try client.get()
    var error: BusError?
    try bench.call("Now", on: stranger) { if case .failure(let failure) = $0 { error = failure } }
    var number: UInt64?
    let slot = try stranger.property("Number", of: Bench.interface, at: Bench.object, timeout: .seconds(10)) {
      let message = try? $0.get()
      number = try? message?.read(.variant, of: "t") { () throws(SystemdError) in
        try message?.readUInt64()
      }
      bench.loop.exit(0)
    }
    try bench.run()
    #expect(error?.name == BusError.accessDenied)
    #expect(number == 7)
    withExtendedLifetime(slot) {}
  }
}

/// What a client may do to a server: nothing.
@Suite struct HostileClientTests {
  private static let hello = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"

  /// Connects, authenticates and sends `bytes` again and again until the server hangs up or `limit` bytes are
  /// out; how many there were, nil if it never hung up.
  private func bytesUntilHangup(_ bench: Bench, _ bytes: [UInt8], limit: Int) throws -> Int? {
    let socket = try UnixSocket.connect(to: bench.path)
    defer { close(socket) }
    try #require(Array(Self.hello.utf8).withUnsafeBytes { send(socket, $0.baseAddress, $0.count, 0) } > 0)
    var sent = 0
    var isOver = false
    var pump: Timer?
    pump = try bench.loop.timer {
      while sent < limit {
        let rest = bytes.dropFirst(sent % bytes.count)
        let count = rest.withUnsafeBytes {
          send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else {
          isOver = errno != EAGAIN
          break
        }
        sent += count
      }
      if isOver || sent >= limit { return bench.loop.exit(0) }
      pump?.arm(at: Clock.now + .milliseconds(1))
    }
    pump?.arm(at: Clock.now)
    try bench.run()
    pump = nil
    return isOver ? sent : nil
  }

  private func isHungUp(_ socket: Int32) -> Bool {
    var request = pollfd(fd: socket, events: 0, revents: 0)
    return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLHUP) != 0
  }

  @Test func aMessageThatIsTooLongIsNotRead() throws {
    let bench = try Bench()
    try bench.serve()
    // A method call with a body of 100 MiB, which sd-bus itself would take.
    var message: [UInt8] = [UInt8(ascii: "l"), 1, 0, 1, 0, 0, 64, 6, 1, 0, 0, 0, 0, 0, 0, 0]
    message += [UInt8](repeating: 0, count: 1 << 20)
    let sent = try bytesUntilHangup(bench, message, limit: 50 << 20)
    #expect(try #require(sent) < 16 << 20)
  }

  @Test func nonsenseIsHungUpOn() throws {
    let bench = try Bench()
    try bench.serve()
    let sent = try bytesUntilHangup(bench, Array("GET / HTTP/1.1\r\n\r\n".utf8), limit: 1 << 20)
    #expect(sent != nil)
  }

  @Test func aClientThatDoesNotReadIsDropped() throws {
    let bench = try Bench()
    try bench.serve()
    let socket = try UnixSocket.connect(to: bench.path)
    defer { close(socket) }
    _ = Array(Self.hello.utf8).withUnsafeBytes { send(socket, $0.baseAddress, $0.count, 0) }
    var rounds = 0
    var pump: Timer?
    pump = try bench.loop.timer {
      rounds += 1
      bench.server?.emitChanged()
      if isHungUp(socket) || rounds > 20_000 { return bench.loop.exit(0) }
      pump?.arm(at: Clock.now + .microseconds(100))
    }
    pump?.arm(at: Clock.now + .milliseconds(100))
    try bench.run()
    pump = nil
    #expect(isHungUp(socket))
    #expect(rounds > 50, "an honest client may be slow for a while")
  }

  @Test func theOldestGivesWay() throws {
    let bench = try Bench()
    try bench.serve()
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    // One after the other: only so many may wait to be accepted.
    var error: BusError?
    var last: BusClient?
    func connect(_ left: Int) throws {
      if left > 0 {
        sockets.append(try UnixSocket.connect(to: bench.path))
        return bench.after(.milliseconds(5)) { do { try connect(left - 1) } catch { Issue.record(error) } }
      }
      let client = try BusClient(path: bench.path, on: bench.loop)
      last = client
      try bench.call("Never", on: client) {
        if case .failure(let failure) = $0 { error = failure }
        bench.loop.exit(0)
      }
    }
    try connect(BusServer.capacity + 3)
    try bench.run()
    #expect(error?.name == BusError.noReply, "the newest is served")
    var byte: UInt8 = 0
    let ended = sockets.filter { recv($0, &byte, 1, 0) == 0 }
    #expect(ended == Array(sockets.prefix(4)))
    withExtendedLifetime(last) {}
  }
}
