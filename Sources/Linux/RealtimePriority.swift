import Glibc

/// The scheduling of this process (sched(7)).
public enum RealtimePriority {
  /// Whether the calling thread has a realtime priority.
  public static var isGiven: Bool {
    var parameters = sched_param()
    return sched_getparam(0, &parameters) == 0 && parameters.sched_priority > 0
  }
}
