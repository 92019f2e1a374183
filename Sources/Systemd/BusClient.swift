import CSystemd
import Glibc
import Internet
import Linux

/// A connection to another process by D-Bus: to one ``BusServer``, or to the system's message bus. Nothing
/// here waits; answers and signals come through the loop.
public final class BusClient {
  /// What a method call came to.
  public typealias Answer = Result<BusMessage, BusError>

  private let bus: OpaquePointer
  private let loop: EventLoop

  /// Connects to the ``BusServer`` at `path`.
  public init(path: String, on loop: EventLoop) throws(SystemdError) {
    self.loop = loop
    let socket = try UnixSocket.connect(to: path)
    var bus: OpaquePointer?
    let result = sd_bus_new(&bus)
    guard result >= 0, let bus else {
      close(socket)
      throw SystemdError("making a D-Bus connection", result)
    }
    self.bus = bus
    let setting = sd_bus_set_fd(bus, socket, socket)
    if setting < 0 { close(socket) }
    try SystemdError.check(setting, "connecting to \(path)")
    try SystemdError.check(sd_bus_start(bus), "connecting to \(path)")
    try loop.attach(bus)
  }

  /// Connects to the system's message bus.
  public init(systemBusOn loop: EventLoop) throws(SystemdError) {
    self.loop = loop
    var bus: OpaquePointer?
    let result = sd_bus_open_system(&bus)
    guard result >= 0, let bus else { throw SystemdError("connecting to the system bus", result) }
    self.bus = bus
    // A bus that is restarted must not take this process with it.
    try SystemdError.check(sd_bus_set_exit_on_disconnect(bus, 0), "connecting to the system bus")
    try loop.attach(bus)
  }

  deinit {
    sd_bus_detach_event(bus)
    sd_bus_close_unref(bus)
  }

  /// Whether the other side is still there, as far as the loop has noticed. After the end nothing comes any
  /// more but errors: make a new client.
  public var isOpen: Bool { sd_bus_is_open(bus) > 0 }

  /// Calls `interface.member` of the object at `path` with the arguments that `write` appends; `answer` is
  /// called once, from the loop, at the latest after `timeout`. Releasing the returned slot forgets the call.
  /// `destination` is a name on the message bus, nil for a server's own socket.
  public func call(
    _ member: String, of interface: String, at path: String, destination: String? = nil,
    timeout: Duration, _ write: (BusMessage) throws(SystemdError) -> Void = { _ in },
    answer: @escaping (Answer) -> Void
  ) throws(SystemdError) -> BusSlot {
    let operation = "calling \(member)"
    var message: OpaquePointer?
    let result = sd_bus_message_new_method_call(bus, &message, destination, path, interface, member)
    guard result >= 0, let message else { throw SystemdError(operation, result) }
    let call = BusMessage(adopting: message)
    try write(call)
    let slot = BusSlot { reply in
      if let error = BusError(reply.message) { answer(.failure(error)) } else { answer(.success(reply)) }
    }
    try slot.make(operation) { result, context in
      sd_bus_call_async(
        bus, result, message, { message, context, _ in BusSlot.call(message, context) }, context, .max)
    }
    // sd-bus's own limit would begin when the other side has greeted us, which a frozen one never does.
    let error = BusError(name: BusError.timeout, message: "No answer within \(timeout)")
    try slot.expire(after: timeout, on: loop) { answer(.failure(error)) }
    return slot
  }

  /// Asks for the property `interface.name`. The answer's body is a variant.
  public func property(
    _ name: String, of interface: String, at path: String, destination: String? = nil, timeout: Duration,
    answer: @escaping (Answer) -> Void
  ) throws(SystemdError) -> BusSlot {
    try call(
      "Get", of: Self.propertiesInterface, at: path, destination: destination, timeout: timeout,
      { (message) throws(SystemdError) in
        try message.append(interface)
        try message.append(name)
      }, answer: answer)
  }

  /// Asks for all properties of `interface`. The answer's body is `a{sv}`.
  public func properties(
    of interface: String, at path: String, destination: String? = nil, timeout: Duration,
    answer: @escaping (Answer) -> Void
  ) throws(SystemdError) -> BusSlot {
    try call(
      "GetAll", of: Self.propertiesInterface, at: path, destination: destination, timeout: timeout,
      { (message) throws(SystemdError) in try message.append(interface) }, answer: answer)
  }

  /// Calls `handler` for each signal `interface.member` of the object at `path`, until the returned slot is
  /// released. `sender` is a name on the message bus, nil for a server's own socket. A message bus that
  /// refuses says so in the first call, whose message is an error; see ``BusMessage/error``.
  public func signals(
    _ member: String, of interface: String, at path: String, sender: String? = nil,
    _ handler: @escaping (BusMessage) -> Void
  ) throws(SystemdError) -> BusSlot {
    let slot = BusSlot(handler)
    try slot.make("watching for \(member)") { result, context in
      sd_bus_match_signal_async(
        bus, result, sender, path, interface, member,
        { message, context, _ in BusSlot.call(message, context) },
        // Without an own one, sd-bus closes the connection when the message bus refuses.
        { message, context, _ in
          sd_bus_message_get_error(message) == nil ? 0 : BusSlot.call(message, context)
        }, context)
    }
    return slot
  }

  /// Calls `handler` when properties of `interface` have changed; see ``signals(_:of:at:sender:_:)``. The
  /// message's body is `sa{sv}as`: the interface, new values, and names of those to ask for.
  public func propertyChanges(
    at path: String, sender: String? = nil, _ handler: @escaping (BusMessage) -> Void
  ) throws(SystemdError) -> BusSlot {
    try signals("PropertiesChanged", of: Self.propertiesInterface, at: path, sender: sender, handler)
  }

  private static let propertiesInterface = "org.freedesktop.DBus.Properties"
}

/// A handler that a ``BusClient`` calls. Releasing the slot, also inside its own handler, removes it.
public final class BusSlot {
  private let handler: (BusMessage) -> Void
  private var slot: OpaquePointer?
  private var limit: Timer?

  init(_ handler: @escaping (BusMessage) -> Void) { self.handler = handler }

  deinit { sd_bus_slot_unref(slot) }

  func make(
    _ operation: String, _ add: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutableRawPointer) -> Int32
  ) throws(SystemdError) {
    // Unretained: the slot never outlives this object, whose deinit removes it.
    try SystemdError.check(add(&slot, Unmanaged.passUnretained(self).toOpaque()), operation)
  }

  /// Calls `handler` instead when nothing has come by then.
  func expire(
    after duration: Duration, on loop: EventLoop, _ handler: @escaping () -> Void
  ) throws(SystemdError) {
    limit = try loop.timer { [unowned self] in
      sd_bus_slot_unref(slot)
      slot = nil
      handler()
    }
    limit?.arm(at: Clock.now + duration)
  }

  /// What libsystemd calls.
  static func call(_ message: OpaquePointer?, _ context: UnsafeMutableRawPointer?) -> CInt {
    guard let message, let context else { return 0 }
    let slot = Unmanaged<BusSlot>.fromOpaque(context).takeUnretainedValue()
    // The handler may release the last other reference.
    withExtendedLifetime(slot) {
      slot.limit?.disarm()
      slot.handler(BusMessage(message))
    }
    return 0
  }
}
