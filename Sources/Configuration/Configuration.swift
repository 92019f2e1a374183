import Internet

/// From files and surroundings to settings, without I/O.
public enum Configuration {
  /// What files mean on a host.
  public enum Outcome: Hashable, Sendable {
    /// The effective settings.
    case complete(Settings)
    /// The surroundings are not there yet, as the error says; with as much of the settings as is known without them.
    case awaiting(Settings, ConfigurationError)
  }

  /// The effective settings of `instance`, or the first reason why there are none yet.
  ///
  /// Later `files` override scalars of earlier ones and add to their lists. Without any file the instance's
  /// name must stand for an address: a number for the last octet, or a whole address.
  ///
  /// - Throws: what no change of the surroundings can mend.
  public static func outcome(
    instance: String, files: [ConfigurationFile], surroundings: Surroundings
  ) throws(ConfigurationError) -> Outcome {
    try validate(instance: instance)
    var resolution = Resolution(
      instance: instance, surroundings: surroundings, draft: try ConfigurationParser.parse(files))
    return try resolution.outcome()
  }

  /// The effective settings of `instance`, as ``outcome(instance:files:surroundings:)`` has them.
  ///
  /// - Throws: why there are none, or none yet.
  public static func resolve(
    instance: String, files: [ConfigurationFile], surroundings: Surroundings
  ) throws(ConfigurationError) -> Settings {
    switch try outcome(instance: instance, files: files, surroundings: surroundings) {
    case .complete(let settings): return settings
    case .awaiting(_, let error): throw error
    }
  }

  /// Refuses names that cannot be the instance of a unit or the name of a file: accepted are 1 to 200 ASCII
  /// letters, digits and `:_.-@`, not beginning with a dot.
  ///
  /// The unit passes `%i`: `%I` would turn the dash of `vip@web-1` into a slash, and no accepted name needs
  /// unescaping.
  public static func validate(instance: String) throws(ConfigurationError) {
    if isInstanceName(instance) { return }
    throw ConfigurationError(
      place: instance.quoted, found: "this is no instance name",
      accepted: "accepted: letters, digits and :_.-@, at most 200, not beginning with a dot",
      remedy: "use a name like 219, 192.168.1.219 or web-1")
  }

  /// Whether `text` can be an instance's name.
  public static func isInstanceName(_ text: String) -> Bool {
    let name = Array(text.utf8)
    return (1...200).contains(name.count) && name[0] != UInt8(ascii: ".") && name.allSatisfy(isInstanceByte)
  }

  private static func isInstanceByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: ":_.-@".utf8.contains(byte)
    }
  }

  /// How late the loop may run before its lease may end, if the heartbeat's own bound is not stricter.
  static let latenessAllowance = Duration.seconds(1)

  /// The shortest lease that is safe with `advertisementInterval`.
  ///
  /// The lease is renewed every quarter of it by a timer of its own, and the kernel may end it 20 ms early
  /// (`ADDRCONF_TIMER_FUZZ_MINUS`), so three quarters less 20 ms are left for a late loop. A loop that is
  /// late by less than four intervals (more than any Active_Down_Interval of RFC 9568 §6.1) goes on as
  /// Active: the kernel must not take the address from it meanwhile. Lateness comes from the machine, not
  /// from the interval, so more than `latenessAllowance` is never asked.
  static func shortestLease(advertisementInterval: Duration) -> Duration {
    let lateness = min(advertisementInterval * 4, latenessAllowance)
    var lease = Duration.seconds(1)
    while lease / 4 * 3 - .milliseconds(20) < lateness { lease += .seconds(1) }
    return lease
  }
}
