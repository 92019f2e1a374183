import Glibc

/// What a process, or several, have of the machine's memory, in bytes.
package struct MemoryAccount: Equatable, Sendable {
  package var resident = 0
  /// What nobody else has, too.
  package var exclusive = 0
  /// What is no file's.
  package var anonymous = 0

  init() {}

  /// From the text of /proc/PID/smaps_rollup (proc(5)); nil if it says something else.
  init?(_ text: String) {
    func bytes(_ name: String) -> Int? {
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
      return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }.map { $0 * 1024 }
    }
    guard let resident = bytes("Rss:"), let clean = bytes("Private_Clean:"),
      let dirty = bytes("Private_Dirty:"), let anonymous = bytes("Anonymous:")
    else { return nil }
    self.resident = resident
    exclusive = clean + dirty
    self.anonymous = anonymous
  }

  /// Of all `pids` together; nil if one of them has ended.
  init?(of pids: [pid_t]) {
    for pid in pids {
      guard let text = File.read("/proc/\(pid)/smaps_rollup"), let account = MemoryAccount(text) else {
        return nil
      }
      resident += account.resident
      exclusive += account.exclusive
      anonymous += account.anonymous
    }
  }
}
