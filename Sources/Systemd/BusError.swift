import CSystemd

/// A method call's failure, as the other side named it.
public struct BusError: Error, Hashable, Sendable, CustomStringConvertible {
  /// As in D-Bus: `org.freedesktop.DBus.Error.AccessDenied`.
  public let name: String
  /// For people.
  public let message: String

  /// The error `name`, a dotted D-Bus name, with `message` for people.
  public init(name: String, message: String) {
    self.name = name
    self.message = message
  }

  /// `message (name)`
  public var description: String { message.isEmpty ? name : "\(message) (\(name))" }

  /// The caller has not the right.
  public static let accessDenied = "org.freedesktop.DBus.Error.AccessDenied"
  /// Nobody answered in time.
  public static let noReply = "org.freedesktop.DBus.Error.NoReply"
  /// The same, where this side waited.
  public static let timeout = "org.freedesktop.DBus.Error.Timeout"

  init?(_ message: OpaquePointer?) {
    guard let error = sd_bus_message_get_error(message)?.pointee else { return nil }
    name = error.name.map { String(cString: $0) } ?? "org.freedesktop.DBus.Error.Failed"
    self.message = error.message.map { String(cString: $0) } ?? ""
  }
}
