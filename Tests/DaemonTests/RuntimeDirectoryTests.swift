import CLinux
import Glibc
import Host
import Internet
import Linux
import Testing

@testable import Daemon

private let isRoot = geteuid() == 0

struct RuntimeDirectoryTests {
  private let temporary: TemporaryDirectory

  init() throws { temporary = try TemporaryDirectory() }

  private var path: String { "\(temporary.path)/run/219" }

  /// The layout of every version so far: a magic number, then nanoseconds.
  private func record(_ time: Int64, magic: Int64 = 0x7669_7064_0000_0002) -> [UInt8] {
    withUnsafeBytes(of: (magic, time)) { Array($0) }
  }

  private func prepare(resume bytes: [UInt8]) {
    mkdir("\(temporary.path)/run", 0o755)
    mkdir(path, 0o755)
    temporary.write(bytes, to: "run/219/resume")
  }

  @Test func nextRunKnowsWhatThisOneLeft() throws {
    let first = RuntimeDirectory(path)
    #expect(first.memory == Host.Memory())
    let now = Clock.now
    first.remember(resumableUntil: now)
    #expect(first.write(isHeld: true))
    #expect(temporary.bytes(of: "run/219/resume") == record(now.nanoseconds))
    // What a run remembers itself does not change what it found.
    #expect(first.memory == Host.Memory(isHeld: true))
    let second = RuntimeDirectory(path)
    #expect(second.memory == Host.Memory(resumableUntil: now, isHeld: true))
    #expect(second.write(isHeld: false))
    #expect(second.write(isHeld: false))
    second.remember(resumableUntil: nil)
    #expect(temporary.bytes(of: "run/219/resume") == record(0))
    #expect(RuntimeDirectory(path).memory == Host.Memory())
  }

  @Test func aRecordIsRead() {
    prepare(resume: record(1_000_000_000))
    #expect(RuntimeDirectory(path).memory.resumableUntil == Instant(sinceBoot: .seconds(1)))
  }

  @Test(arguments: [Int64.min, -1, 0, .max])
  func aTimeThatCannotBeIsNone(time: Int64) {
    prepare(resume: record(time))
    #expect(RuntimeDirectory(path).memory.resumableUntil == nil)
  }

  @Test func garbageIsReplaced() {
    let whole = record(1_000_000_000)
    let others = [
      [], Array(whole.prefix(15)), record(1_000_000_000, magic: 0x7669_7064_0000_0001),
      [UInt8](repeating: 0xFF, count: 4096),
    ]
    for bytes in others {
      prepare(resume: bytes)
      let runtime = RuntimeDirectory(path)
      #expect(runtime.memory.resumableUntil == nil)
      let now = Clock.now
      runtime.remember(resumableUntil: now)
      #expect(RuntimeDirectory(path).memory.resumableUntil == now)
    }
  }

  @Test func roleAndStateAreReplacedAsAWhole() {
    let runtime = RuntimeDirectory(path)
    #expect(runtime.write(role: .active))
    #expect(temporary.text(of: "run/219/role") == "active\n")
    #expect(temporary.bytes(of: "run/219/role.changed") == [])
    unlink("\(path)/role.changed")
    #expect(runtime.write(role: .backup))
    #expect(temporary.text(of: "run/219/role") == "backup\n")
    #expect(temporary.bytes(of: "run/219/role.changed") == [])
    runtime.write(state: "OWNED=\"no\"\n")
    #expect(temporary.text(of: "run/219/state") == "OWNED=\"no\"\n")
    #expect(temporary.bytes(of: "run/219/role.new") == nil)
  }

  /// None may block, crash, or lead elsewhere.
  @Test func whateverSomebodyPutThereEndsNothing() throws {
    mkdir("\(temporary.path)/run", 0o755)
    mkdir(path, 0o755)
    for name in ["resume", "role.new", "state.new", "role.changed", "hold"] {
      mkfifo("\(path)/\(name)", 0o644)
    }
    let runtime = RuntimeDirectory(path)
    #expect(runtime.memory.resumableUntil == nil)
    runtime.remember(resumableUntil: Clock.now)
    #expect(runtime.write(role: .active))
    #expect(runtime.write(isHeld: true))
    runtime.write(state: "x")
    #expect(temporary.text(of: "run/219/role") == "active\n")

    for name in ["resume", "role.new", "role", "role.changed", "hold"] {
      unlink("\(path)/\(name)")
      mkdir("\(path)/\(name)", 0o755)
    }
    let blocked = RuntimeDirectory(path)
    blocked.remember(resumableUntil: Clock.now)
    #expect(!blocked.write(role: .active))
    #expect(!blocked.write(isHeld: false))

    for name in ["resume", "role.changed"] {
      rmdir("\(path)/\(name)")
      symlink("\(temporary.path)/victim", "\(path)/\(name)")
    }
    let misled = RuntimeDirectory(path)
    misled.remember(resumableUntil: Clock.now)
    #expect(!misled.write(role: .active))
    #expect(temporary.bytes(of: "victim") == nil)
  }

  @Test func aDirectoryThatCannotBeMadeFailsEveryWrite() {
    temporary.write([1], to: "run")
    let runtime = RuntimeDirectory(path)
    #expect(runtime.memory == Host.Memory())
    runtime.remember(resumableUntil: Clock.now)
    #expect(!runtime.write(role: .active))
    #expect(!runtime.write(isHeld: true))
  }

  /// RLIMIT_FSIZE stands for a full file system: whoever ignores SIGXFSZ gets an error.
  @Test func whatCannotBeWrittenIsToldAndTriedAgain() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      let temporary = try TemporaryDirectory()
      let path = "\(temporary.path)/219"
      var limit = rlimit(rlim_cur: 0, rlim_max: rlim_t.max)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let runtime = RuntimeDirectory(path)
      let now = Clock.now
      runtime.remember(resumableUntil: now)
      #expect(!runtime.write(role: .active))
      runtime.write(state: "x")
      #expect(temporary.bytes(of: "219/role") == nil)
      #expect(temporary.bytes(of: "219/role.new") == nil)
      limit.rlim_cur = rlim_t.max
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      runtime.remember(resumableUntil: now)
      #expect(runtime.write(role: .active))
      #expect(RuntimeDirectory(path).memory.resumableUntil == now)
    }
  }

  /// What was a hole in the file, and a signal at the first write, with a mapping.
  @Test(.enabled(if: isRoot, "needs root"))
  func aFullFileSystemEndsNothing() async {
    await #expect(processExitsWith: .success) {
      #expect(vip_unshare_mounts() == 0)
      let temporary = try TemporaryDirectory()
      #expect(mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0)
      #expect(mount("tmpfs", temporary.path, "tmpfs", 0, "size=64k") == 0)
      let early = RuntimeDirectory("\(temporary.path)/219")
      let now = Clock.now
      early.remember(resumableUntil: now)
      let filler = open("\(temporary.path)/filler", O_WRONLY | O_CREAT, 0o644)
      let page = [UInt8](repeating: 1, count: 4096)
      while write(filler, page, page.count) > 0 {}
      // Its page was there before.
      early.remember(resumableUntil: now + .seconds(-1))
      #expect(RuntimeDirectory("\(temporary.path)/219").memory.resumableUntil == now + .seconds(-1))
      let late = RuntimeDirectory("\(temporary.path)/220")
      late.remember(resumableUntil: now)
      #expect(!late.write(role: .active))
      #expect(RuntimeDirectory("\(temporary.path)/220").memory.resumableUntil == nil)
      ftruncate(filler, 0)
      close(filler)
      late.remember(resumableUntil: now)
      #expect(late.write(role: .active))
      #expect(RuntimeDirectory("\(temporary.path)/220").memory.resumableUntil == now)
      umount(temporary.path)
    }
  }
}
