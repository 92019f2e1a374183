import Glibc
import Internet
import Linux
import Testing

@testable import Systemd

/// The socket that systemd would listen on. Only in a process of its own: it sets NOTIFY_SOCKET.
private final class Manager {
  let fd: Int32

  init() {
    fd = socket(AF_UNIX, Notification.socketType, 0)
    // An empty name lets the kernel choose an abstract one.
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var length = socklen_t(MemoryLayout<sa_family_t>.size)
    withUnsafeMutableBytes(of: &address) { raw in
      let pointer = raw.assumingMemoryBound(to: sockaddr.self).baseAddress
      precondition(bind(fd, pointer, length) == 0)
      length = socklen_t(raw.count)
      precondition(getsockname(fd, pointer, &length) == 0)
      let name = raw[3..<Int(length)]
      setenv("NOTIFY_SOCKET", "@" + String(decoding: name, as: UTF8.self), 1)
    }
  }

  deinit { close(fd) }

  /// The next message, or nil if none comes within `seconds`.
  func message(within seconds: Int = 5) -> String? {
    var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, Int32(seconds * 1000)) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(fd, &buffer, buffer.count, 0)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}

struct NotificationTests {
  @Test func systemdHearsEveryState() async {
    await #expect(processExitsWith: .success) {
      let manager = Manager()
      #expect(try Notification.send(.ready, .status("Active since noon")))
      #expect(manager.message() == "READY=1\nSTATUS=Active since noon")
      try Notification.send(.status("one\nWATCHDOG=trigger\r\ntwo"))
      #expect(manager.message() == "STATUS=one WATCHDOG=trigger two")
      try Notification.send(.stopping)
      #expect(manager.message() == "STOPPING=1")
      try Notification.send(.watchdog)
      #expect(manager.message() == "WATCHDOG=1")
      try Notification.send(.reloading)
      let reloading = try #require(manager.message())
      #expect(reloading.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      let sent = try #require(Int(reloading.split(separator: "=")[2]))
      let received = time.tv_sec * 1_000_000 + time.tv_nsec / 1000
      #expect((received - 5_000_000...received).contains(sent))
    }
  }

  @Test func withoutSystemdNothingHappens() async {
    await #expect(processExitsWith: .success) {
      unsetenv("NOTIFY_SOCKET")
      unsetenv("WATCHDOG_USEC")
      #expect(try !Notification.send(.ready))
      let loop = try EventLoop()
      #expect(try !loop.enableWatchdog())
    }
  }

  @Test func loopThatTurnsFeedsTheWatchdog() async {
    await #expect(processExitsWith: .success) {
      let manager = Manager()
      setenv("WATCHDOG_USEC", "100000", 1)
      setenv("WATCHDOG_PID", "\(getpid())", 1)
      let loop = try EventLoop()
      #expect(try loop.enableWatchdog())
      var count = 0
      let source = try loop.watch(fd: manager.fd, priority: .packet) {
        #expect(manager.message() == "WATCHDOG=1")
        count += 1
        if count == 20 { loop.exit(0) }
      }
      #expect(try loop.run() == 0)
      withExtendedLifetime(source) {}
    }
  }

  @Test func hungSystemdBlocksNobody() async {
    await #expect(processExitsWith: .success) {
      let manager = Manager()
      setenv("WATCHDOG_USEC", "100000", 1)
      setenv("WATCHDOG_PID", "\(getpid())", 1)
      var failure: SystemdError?
      for _ in 0..<10_000 where failure == nil {
        do throws(SystemdError) { try Notification.send(.status("nobody reads this")) } catch {
          failure = error
        }
      }
      #expect(failure?.errno == EAGAIN)
      let loop = try EventLoop()
      #expect(try loop.enableWatchdog())
      var time = timespec()
      clock_gettime(CLOCK_BOOTTIME, &time)
      let end = try loop.timer { loop.exit(0) }
      end.arm(at: Instant(sinceBoot: .seconds(time.tv_sec + 1)))
      #expect(try loop.run() == 0)
      #expect(manager.message() == "STATUS=nobody reads this")
    }
  }

  /// Of many daemons that try again after a while some never find room.
  @Test func whatHasNoRoomIsSentAsSoonAsThereIs() async {
    await #expect(processExitsWith: .success) {
      let manager = Manager()
      // It would be tried again after 125 seconds.
      setenv("WATCHDOG_USEC", "1000000000", 1)
      setenv("WATCHDOG_PID", "\(getpid())", 1)
      var count = 0
      while (try? Notification.send(.status("nobody reads this"))) != nil { count += 1 }
      let loop = try EventLoop()
      #expect(try loop.enableWatchdog())
      let notifier = try Notifier(on: loop)
      notifier.notify(.ready)
      var source: EventSource?
      let reader = try loop.timer {
        for _ in 0..<count { #expect(manager.message() == "STATUS=nobody reads this") }
        count = 0
        source = try? loop.watch(fd: manager.fd, priority: .signal) {
          count += 1
          if count == 1 { #expect(["WATCHDOG=1", "READY=1"].contains(manager.message())) }
          if count == 2 { loop.exit(0) }
        }
      }
      reader.arm(at: Clock.now + .milliseconds(100))
      let end = try loop.timer { loop.exit(1) }
      end.arm(at: Clock.now + .seconds(30))
      #expect(try loop.run() == 0)
      withExtendedLifetime((source, notifier)) {}
    }
  }

  @Test func badSocketNamesAreRefused() async {
    await #expect(processExitsWith: .success) {
      setenv("NOTIFY_SOCKET", "relative", 1)
      #expect(throws: SystemdError.self) { try Notification.send(.ready) }
      setenv("NOTIFY_SOCKET", "/" + String(repeating: "x", count: 200), 1)
      #expect(throws: SystemdError.self) { try Notification.send(.ready) }
      setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1)
      #expect(throws: SystemdError.self) { try Notification.send(.ready) }
    }
  }
}
