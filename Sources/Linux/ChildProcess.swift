import CLinux
import Glibc

/// A program that runs beside this process, in a process group of its own and without its privileges.
///
/// The caller must wait for its end (waitid(2), or an event source of systemd).
public final class ChildProcess {
  /// How a process ended.
  public enum End: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with this exit status.
    case exited(Int32)
    /// By this signal.
    case killed(Int32)

    /// `exit status 2`, `killed by signal 9`
    public var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .killed(let signal): "killed by signal \(signal)"
      }
    }
  }

  /// The process's number; it is also that of its group.
  public let pid: Int32
  /// The end of a pipe that carries what it writes to standard output and error. Does not block.
  public private(set) var fd: Int32

  /// Starts the program `words[0]`, an absolute path, with the rest of `words` as its arguments. This returns
  /// before the program was read from the disk; one that cannot be run exits with 127.
  public init(_ words: [String], environment: [String]) throws(LinuxError) {
    let arguments = CStrings(words)
    let variables = CStrings(environment)
    var ends: [Int32] = [-1, -1]
    guard let path = arguments.first, pipe(&ends) == 0 else { throw Self.failure }
    var process: Int32 = -1
    if fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0,
      fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0
    {
      process = vip_spawn(path, arguments.pointers, variables.pointers, ends[1])
    }
    let failure = Self.failure
    close(ends[1])
    if process < 0 {
      close(ends[0])
      throw failure
    }
    pid = process
    fd = ends[0]
  }

  deinit { closeOutput() }

  /// Reads no more: whoever still writes gets SIGPIPE, once nobody watches ``fd`` any more.
  public func closeOutput() {
    if fd >= 0 { close(fd) }
    fd = -1
  }

  /// The last system call's.
  private static var failure: LinuxError { LinuxError("starting a program", errno: errno) }

  /// Appends what was written, at most `limit` bytes of it; false at its end, or if none of the pipe's writers
  /// is left.
  public func read(into bytes: inout [UInt8], limit: Int) -> Bool {
    var count = 0
    bytes.append(
      contentsOf: [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
        count = Glibc.read(fd, buffer.baseAddress, limit)
        initialized = max(count, 0)
      })
    return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
  }

  /// How it ended; nil while it runs. Leaves it to be waited for.
  public func end() -> End? {
    var information = siginfo_t()
    guard waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return nil }
    let status = information._sifields._sigchld.si_status
    switch information.si_code {
    case Int32(CLD_EXITED): return .exited(status)
    case Int32(CLD_KILLED), Int32(CLD_DUMPED): return .killed(status)
    default: return nil
    }
  }

  /// Kills every process of the group. Only before the end was waited for: later, the number may be another's.
  public func kill() {
    Glibc.kill(-pid, SIGKILL)
    // It may not have made its group yet.
    Glibc.kill(pid, SIGKILL)
  }
}

/// A NULL-terminated array of C strings.
private final class CStrings {
  private(set) var pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    pointers = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
    pointers[count] = nil
  }

  var first: UnsafeMutablePointer<CChar>? { pointers[0] }

  deinit {
    for index in 0..<count { free(pointers[index]) }
    pointers.deallocate()
  }
}
