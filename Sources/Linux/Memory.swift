import CLinux
import Glibc

/// This process's memory.
public enum Memory {
  /// Lets go of what only start-up needed, code (relocations, the parsers of the configuration) and heap: code that is
  /// used again is mapped again from the page cache. Useful before memory is locked.
  public static func trim() { vip_trim() }

  /// Keeps every page in memory once it was touched, so that no heartbeat waits for a disk (mlockall(2)).
  ///
  /// Pages that are never touched cost nothing, but address space counts against RLIMIT_MEMLOCK: without
  /// `LimitMEMLOCK=infinity` or CAP_IPC_LOCK this throws ENOMEM or EPERM.
  public static func lockOnFault() throws(LinuxError) {
    guard mlockall(MCL_CURRENT | MCL_FUTURE | Int32(MCL_ONFAULT)) == 0 else {
      throw LinuxError("locking memory", errno: errno)
    }
  }
}
