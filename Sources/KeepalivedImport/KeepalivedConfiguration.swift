import Internet

/// What keepalived's configuration, keepalived.conf(5), comes to in vipd's.
///
/// Nothing is lost silently: every word of the input is either carried over or named in a note.
public struct KeepalivedConfiguration: Hashable, Sendable {
  /// One of each vrrp_instance, in their order.
  public let instances: [ImportedInstance]
  /// What belongs to no instance, by line.
  public let notes: [ImportNote]

  /// Converts the text of a keepalived.conf, whatever it holds.
  public init(parsing text: String) {
    var conversion = Conversion(text)
    (instances, notes) = conversion.finish()
  }
}

/// One vrrp_instance, converted.
public struct ImportedInstance: Hashable, Sendable {
  /// A name for the vip@ instance, made from keepalived's; unique among those of one configuration.
  public let name: String
  /// The text of `/etc/vip/NAME.conf`; the notes are comments in it.
  public let text: String
  /// What was not carried over, or means something else now, by line.
  public let notes: [ImportNote]
}

/// Something to look at, because it was not carried over as it stood.
public struct ImportNote: Hashable, Sendable, CustomStringConvertible {
  /// The line in keepalived's configuration, counted from 1.
  public let line: Int
  /// What stands there.
  public let text: String
  /// Why it was not carried over, or what became of it.
  public let reason: String

  /// One printable line: `line 12: smtp_alert: vipd sends no mail`.
  public var description: String { "line \(line): \(text.printable): \(reason.printable)" }
}
