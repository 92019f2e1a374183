import CSystemd
import Glibc

/// An object with one interface, which a ``BusServer`` shows to every client: D-Bus introspection, properties
/// and methods.
public final class BusObject {
  /// A property that only the object itself changes.
  public struct Property {
    let name: StaticString
    let signature: StaticString
    let write: (BusMessage) throws(SystemdError) -> Void

    /// The property `name` of the types `signature`, whose present value `write` appends.
    public init(
      _ name: StaticString, _ signature: StaticString,
      _ write: @escaping (BusMessage) throws(SystemdError) -> Void
    ) {
      self.name = name
      self.signature = signature
      self.write = write
    }
  }

  /// A method without arguments that only root and the server's own user may call.
  public struct Method {
    let name: StaticString
    let results: StaticString
    let names: StaticString
    let call: (BusCall) -> Void

    /// The method `name`; `call` must answer, at once or later. `names` are those of the `results`, each
    /// followed by a NUL.
    public init(
      _ name: StaticString, results: StaticString = "", names: StaticString = "",
      _ call: @escaping (BusCall) -> Void
    ) {
      self.name = name
      self.results = results
      self.names = names
      self.call = call
    }
  }

  let path: String
  let interface: String
  private let properties: [String: Property]
  private let methods: [String: Method]
  private let vtable: UnsafeMutablePointer<sd_bus_vtable>

  /// The object at `path`. Its properties are for everybody.
  public init(path: String, interface: String, properties: [Property], methods: [Method]) {
    self.path = path
    self.interface = interface
    self.properties = Dictionary(properties.map { ("\($0.name)", $0) }) { $1 }
    self.methods = Dictionary(methods.map { ("\($0.name)", $0) }) { $1 }
    var rows = [vip_vtable_start()]
    rows += properties.map { property in
      vip_vtable_property(
        Self.pointer(property.name), Self.pointer(property.signature),
        { _, _, _, name, reply, context, _ in BusObject.write(name, reply, context) },
        UInt64(SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION))
    }
    // Without SD_BUS_VTABLE_UNPRIVILEGED, sd-bus refuses everybody but root and this process's own user.
    rows += methods.map { method in
      vip_vtable_method(
        Self.pointer(method.name), Self.pointer(""), Self.pointer(method.results),
        Self.pointer(method.names), { message, context, _ in BusObject.call(message, context) }, 0)
    }
    rows.append(vip_vtable_end())
    vtable = .allocate(capacity: rows.count)
    vtable.initialize(from: rows, count: rows.count)
  }

  deinit { vtable.deallocate() }

  /// The names of all properties.
  var propertyNames: [String] { properties.keys.sorted() }

  /// Shows the object on `bus`, for which `connection` answers.
  func add(to bus: OpaquePointer, _ connection: BusServer.Connection) throws(SystemdError) {
    // The slot is the bus's own and ends with it; the connection, which owns both, keeps this object.
    let context = Unmanaged.passUnretained(connection).toOpaque()
    try SystemdError.check(
      sd_bus_add_object_vtable(bus, nil, path, interface, vtable, context), "showing a D-Bus object")
  }

  private static func pointer(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  // MARK: What libsystemd calls

  private static func write(
    _ name: UnsafePointer<CChar>?, _ reply: OpaquePointer?, _ context: UnsafeMutableRawPointer?
  ) -> CInt {
    guard let name, let reply, let context else { return -EINVAL }
    let connection = Unmanaged<BusServer.Connection>.fromOpaque(context).takeUnretainedValue()
    guard let property = connection.object.properties[String(cString: name)] else { return -ENOENT }
    do throws(SystemdError) {
      try property.write(BusMessage(reply))
      return 1
    } catch {
      return -error.errno
    }
  }

  private static func call(_ message: OpaquePointer?, _ context: UnsafeMutableRawPointer?) -> CInt {
    guard let message, let context else { return -EINVAL }
    let connection = Unmanaged<BusServer.Connection>.fromOpaque(context).takeUnretainedValue()
    let call = BusCall(BusMessage(message), connection)
    guard let method = connection.object.methods[call.member] else { return -ENOENT }
    method.call(call)
    return 1
  }
}
