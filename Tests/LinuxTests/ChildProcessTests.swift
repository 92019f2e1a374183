import Glibc
import Netlink
import Testing

@testable import Linux

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  /// Runs `script` to its end: how it ended, and what it wrote.
  private func run(_ script: String) throws -> (end: ChildProcess.End?, output: String) {
    try run(["/bin/sh", "-c", script, "sh", "one two"], environment: ["NAME=a value"])
  }

  private func run(
    _ words: [String], environment: [String] = []
  ) throws -> (end: ChildProcess.End?, output: String) {
    let child = try ChildProcess(words, environment: environment)
    var bytes: [UInt8] = []
    var isOpen = true
    while isOpen {
      var waiting = pollfd(fd: child.fd, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 20_000) == 1 else { break }
      isOpen = child.read(into: &bytes, limit: 4096)
    }
    var information = siginfo_t()
    waitid(P_PID, id_t(child.pid), &information, WEXITED | WNOWAIT)
    let end = child.end()
    waitid(P_PID, id_t(child.pid), &information, WEXITED)
    return (end, String(decoding: bytes, as: UTF8.self))
  }

  @Test func itHasItsArgumentsItsEnvironmentAndBothOutputs() throws {
    let result = try run("echo $1; echo $NAME >&2; echo $(env | wc -l)")
    #expect(result.output == "one two\na value\n2\n", "NAME and the shell's own PWD")
    #expect(result.end == .exited(0))
  }

  @Test func itHasNothingToReadAndNoOtherDescriptor() throws {
    let leak = open("/dev/null", O_RDONLY)
    defer { close(leak) }
    #expect(try run("cat; ls /proc/self/fd | wc -l").output == "4\n", "0, 1, 2 and that of the directory")
  }

  @Test func itsSignalsAndItsGroupAreItsOwn() throws {
    var signals = sigset_t()
    var before = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    #expect(try run("kill -TERM $$; sleep 20").end == .killed(SIGTERM))
    let group = try run("ps -o pid=,pgid= $$").output.split(whereSeparator: \.isWhitespace)
    #expect(group.count == 2 && group[0] == group[1])
  }

  @Test func itHasNoPrivilegesToKeep() throws {
    let status = try run("grep -E 'NoNewPrivs|CapAmb' /proc/self/status; cat /proc/self/oom_score_adj").output
    #expect(
      status.split(whereSeparator: \.isWhitespace) == [
        "CapAmb:", "0000000000000000", "NoNewPrivs:", "1", "0",
      ])
  }

  @Test func whatCannotBeRunSaysWhy() throws {
    let result = try run(["/no/such/program"])
    #expect(result.end == .exited(127))
    #expect(result.output == "cannot be run: No such file or directory")
  }

  @Test func theWholeGroupIsKilled() throws {
    let child = try ChildProcess(["/bin/sh", "-c", "sleep 600 & echo $!; wait"], environment: [])
    var bytes: [UInt8] = []
    while !bytes.contains(UInt8(ascii: "\n")) {
      var waiting = pollfd(fd: child.fd, events: Int16(POLLIN), revents: 0)
      try #require(poll(&waiting, 1, 20_000) == 1)
      _ = child.read(into: &bytes, limit: 64)
    }
    #expect(child.end() == nil)
    child.kill()
    // Both writers of the pipe have ended when it does.
    var isOpen = true
    while isOpen {
      var waiting = pollfd(fd: child.fd, events: Int16(POLLIN), revents: 0)
      try #require(poll(&waiting, 1, 20_000) == 1)
      isOpen = child.read(into: &bytes, limit: 64)
    }
    var information = siginfo_t()
    waitid(P_PID, id_t(child.pid), &information, WEXITED | WNOWAIT)
    #expect(child.end() == .killed(SIGKILL))
    waitid(P_PID, id_t(child.pid), &information, WEXITED)
  }
}
