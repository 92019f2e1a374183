import CLinux
import Glibc
import Testing

@testable import Systemd

private let clock = ContinuousClock()

/// A pipe that nobody reads unless told to.
private final class FullPipe {
  private(set) var reader: Int32
  let writer: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    reader = ends[0]
    writer = ends[1]
    let flags = fcntl(writer, F_GETFL)
    _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
    let filler = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
    while write(writer, filler, filler.count) > 0 {}
    _ = fcntl(writer, F_SETFL, flags)
    _ = fcntl(reader, F_SETFL, O_NONBLOCK)
  }

  deinit {
    hangUp()
    close(writer)
  }

  /// Closes the reading end.
  func hangUp() {
    if reader >= 0 { close(reader) }
    reader = -1
  }

  /// Everything that comes until nothing came for a while.
  func drain() -> String {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    var request = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    while poll(&request, 1, 300) > 0 {
      let count = read(reader, &buffer, buffer.count)
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }
}

struct JournalTests {
  @Test func linesSayWhenWhoAndWhat() throws {
    let pipe = try FullPipe()
    _ = pipe.drain()
    let journal = try Journal(identifier: "vipd", output: pipe.writer, journalStream: "1:2")
    journal.send(.notice, "became Active", id: "0123456789abcdef0123456789abcdef", fields: [("VIP", "219")])
    journal.send(.error, "second")
    #expect(journal.close(within: .seconds(5)))
    let lines = pipe.drain().split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasSuffix(" vipd: notice: became Active") == true)
    #expect(lines.last?.hasSuffix(" vipd: error: second") == true)
    // 2025-11-22 08:14:03.123
    #expect(lines.first?.split(separator: " ")[1].utf8.count == 12)
  }

  @Test func fullPipeBlocksNobodyAndLossesAreTold() throws {
    let pipe = try FullPipe()
    let journal = try Journal(identifier: "vipd", output: pipe.writer, journalStream: nil)
    var worst = Duration.zero
    for number in 0..<2000 {
      worst = max(worst, clock.measure { journal.send(.info, "record \(number)") })
    }
    print("send beside a full pipe: at most \(worst), \(journal.dropped) of 2000 dropped")
    #expect(worst < .seconds(1))
    #expect(journal.dropped > 0 && journal.dropped < 2000)
    let took = clock.measure { #expect(!journal.close(within: .milliseconds(50))) }
    #expect(took < .seconds(2))
    // The thread must not outlive the pipe, whose descriptor another test may get.
    _ = pipe.drain()
    journal.close(within: .seconds(5))
  }

  @Test func writingGoesOnWhenThePipeIsRead() throws {
    let pipe = try FullPipe()
    let journal = try Journal(identifier: "vipd", output: pipe.writer, journalStream: nil)
    for number in 0..<2000 { journal.send(.info, "record \(number)") }
    let dropped = journal.dropped
    #expect(dropped > 0)
    let first = pipe.drain()
    #expect(first.contains("vipd: info: record 0\n"))
    journal.send(.info, "afterwards")
    #expect(journal.close(within: .seconds(5)))
    let lines = (first + pipe.drain()).split(separator: "\n")
    #expect(lines.count { $0.contains(" info: record ") } == 2000 - dropped)
    #expect(lines.last?.hasSuffix("info: afterwards") == true)
    // The queue may have had room for a report, and then been full again.
    let reports = lines.filter { $0.hasSuffix(" log records were dropped: writing them takes too long") }
    let reported = reports.compactMap { Int($0.split(separator: " ")[4]) }
    #expect(reported.reduce(0, +) == dropped)
  }

  @Test func oversizedRecordIsDropped() throws {
    let pipe = try FullPipe()
    _ = pipe.drain()
    let journal = try Journal(identifier: "vipd", output: pipe.writer, journalStream: nil)
    journal.send(.info, String(repeating: "x", count: JournalWriter.recordSize))
    #expect(journal.dropped == 1)
    #expect(!journal.close(within: .seconds(5)))
    journal.send(.info, "after the end")
    #expect(journal.dropped == 2)
    #expect(pipe.drain() == "")
  }

  @Test func brokenPipeEndsNothing() throws {
    let pipe = try FullPipe()
    let journal = try Journal(identifier: "vipd", output: pipe.writer, journalStream: nil)
    pipe.hangUp()
    for _ in 0..<10 { journal.send(.info, "to nobody") }
    #expect(journal.close(within: .seconds(5)))
  }

  @Test(.enabled(if: geteuid() == 0, "needs root")) func fieldsReachJournald() async {
    await #expect(processExitsWith: .success) {
      let journald = try Journald()
      let journal = try journald.connectedJournal()
      journal.send(
        .warning, "two\nlines\0", id: "0123456789abcdef0123456789abcdef",
        fields: [("VIP", "219"), ("VRRP_STATE", "Active")])
      #expect(journal.close(within: .seconds(5)))
      let record = try #require(journald.record())
      let lines = record.split(separator: "\n")
      #expect(record.contains("MESSAGE\n\u{9}\0\0\0\0\0\0\0two\nlines\n"))
      #expect(lines.contains("PRIORITY=4"))
      #expect(lines.contains("SYSLOG_IDENTIFIER=vipd"))
      #expect(lines.contains("MESSAGE_ID=0123456789abcdef0123456789abcdef"))
      #expect(lines.contains("VIP=219"))
      #expect(lines.contains("VRRP_STATE=Active"))
    }
  }

  @Test(.enabled(if: geteuid() == 0, "needs root")) func hungJournaldBlocksNobody() async {
    await #expect(processExitsWith: .success) {
      let journald = try Journald()
      let journal = try journald.connectedJournal()
      let took = clock.measure { for _ in 0..<3000 { journal.send(.info, "nobody reads this") } }
      #expect(took < .seconds(2))
      #expect(journal.dropped > 0)
      #expect(!journal.close(within: .milliseconds(50)))
    }
  }
}

/// A socket where journald's would be, seen by the calling thread and those that it starts.
private final class Journald {
  private let fd: Int32

  init() throws {
    try #require(vip_unshare_mounts() == 0)
    let isPrivate = mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0
    try #require(isPrivate)
    try #require(mount("tmpfs", "/run", "tmpfs", 0, nil) == 0)
    try #require(mkdir("/run/systemd", 0o755) == 0 && mkdir("/run/systemd/journal", 0o755) == 0)
    fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/run/systemd/journal/socket".utf8) }
    let bound = withUnsafeBytes(of: &address) {
      bind(fd, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
    try #require(bound == 0)
  }

  /// A log whose standard error leads to the journal, by what systemd would have put into JOURNAL_STREAM.
  func connectedJournal() throws -> Journal {
    var status = stat()
    try #require(fstat(fd, &status) == 0)
    return try Journal(identifier: "vipd", output: fd, journalStream: "\(status.st_dev):\(status.st_ino)")
  }

  /// The next record in journald's native protocol, or nil if none comes.
  func record() -> String? {
    var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, 5000) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(fd, &buffer, buffer.count, 0)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
