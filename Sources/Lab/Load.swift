import Glibc

/// Processes that do nothing, as fast as they can. Ended, by their pids, with the last reference to it.
final class Load {
  private var children: [pid_t] = []

  /// As processes of `namespace`, so that they end with it however this process ends.
  init(in namespace: Namespace) throws(LabError) {
    let processors = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
    let silence = try Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC), "open /dev/null")
    for _ in 0..<processors * 4 {
      children.append(try namespace.command(["sh", "-c", "while :; do :; done"]).spawn(output: silence))
    }
  }

  deinit {
    for child in children { kill(child, SIGKILL) }
    for child in children { _ = Command.reap(child) }
  }
}
