import CSystemd
import Glibc

/// Shows an object to every client that connects to a Unix socket, without a message bus between them.
///
/// Clients are strangers: what one of them sends or fails to read costs a bounded time and a bounded amount
/// of memory, and goes after everything else that the loop has to do.
public final class BusServer {
  /// How many clients there may be at once. One more makes the oldest that is not root's give way.
  static let capacity = 16
  /// Messages that a client may leave unread before it is dropped.
  static let unreadLimit: UInt64 = 64
  /// Reads that a message may take. A read returns at most what fits into the sender's socket buffer, so this
  /// bounds a message, for which sd-bus itself would take 128 MiB.
  static let readsPerMessage = 8

  private let loop: EventLoop
  private let object: BusObject
  private let path: String
  private let listener: Int32
  private var source: EventSource?
  private var connections: [Connection] = []

  /// Listens at `path`, in place of whatever was there, and shows `object` to everybody who may reach it.
  public init(_ object: BusObject, at path: String, on loop: EventLoop) throws(SystemdError) {
    self.loop = loop
    self.object = object
    self.path = path
    listener = try UnixSocket.listen(at: path)
    source = try loop.watch(fd: listener, priority: .signal) { [unowned self] in accept() }
  }

  deinit {
    connections = []
    close(listener)
    unlink(path)
  }

  /// Tells every client that properties have new values; they ask for those they want to know.
  public func emitChanged() {
    for connection in connections { connection.emitChanged() }
  }

  private func accept() {
    guard let client = UnixSocket.accept(listener) else { return }
    makeRoom()
    do throws(SystemdError) {
      let connection = try Connection(client, object: object, loop: loop) { [unowned self] gone in
        connections.removeAll { $0 === gone }
      }
      connections.append(connection)
    } catch {
      // The connection closed its socket.
    }
  }

  private func makeRoom() {
    guard connections.count >= Self.capacity else { return }
    let index = connections.firstIndex { !$0.isPrivileged } ?? 0
    connections.remove(at: index).close()
  }
}

extension BusServer {
  /// One client.
  final class Connection {
    let object: BusObject
    let isPrivileged: Bool
    private let bus: OpaquePointer
    private let ended: (Connection) -> Void
    private var source: EventSource?
    private var filter: OpaquePointer?
    /// Reads since the last whole message.
    private var reads = 0
    private var hasMessage = false
    private var isClosed = false

    /// Takes over `socket`.
    init(
      _ socket: Int32, object: BusObject, loop: EventLoop, ended: @escaping (Connection) -> Void
    ) throws(SystemdError) {
      self.object = object
      self.ended = ended
      isPrivileged = UnixSocket.isPrivileged(peerOf: socket)
      var bus: OpaquePointer?
      let result = sd_bus_new(&bus)
      guard result >= 0, let bus else {
        Glibc.close(socket)
        throw SystemdError("making a D-Bus connection", result)
      }
      self.bus = bus
      let setting = sd_bus_set_fd(bus, socket, socket)
      if setting < 0 { Glibc.close(socket) }
      let operation = "serving a D-Bus client"
      try SystemdError.check(setting, operation)
      try start(operation)
      // Not sd_bus_attach_event(3): it would not let us count what a client makes us read.
      source = try loop.watch(fd: socket, priority: .signal) { [unowned self] in process() }
      try object.add(to: bus, self)
      UnixSocket.limitSending(on: socket)
      // sd-bus has read the client's greeting already and may have something to say.
      settle()
    }

    deinit {
      sd_bus_slot_unref(filter)
      sd_bus_close_unref(bus)
    }

    private func start(_ operation: String) throws(SystemdError) {
      var id = sd_id128_t()
      try SystemdError.check(sd_id128_randomize(&id), operation)
      try SystemdError.check(sd_bus_set_server(bus, 1, id), operation)
      try SystemdError.check(sd_bus_set_sender(bus, object.interface), operation)
      let context = Unmanaged.passUnretained(self).toOpaque()
      let first: sd_bus_message_handler_t = { message, context, _ in
        guard let message, let context else { return 0 }
        let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
        connection.noteMessage()
        return connection.answerGreeting(message) ? 1 : 0
      }
      try SystemdError.check(sd_bus_add_filter(bus, &filter, first, context), operation)
      try SystemdError.check(sd_bus_start(bus), operation)
    }

    private func noteMessage() {
      reads = 0
      hasMessage = true
    }

    /// busctl(1) takes whoever it talks to for a message bus, which gives its clients names. Whether `message` asked
    /// for one.
    private func answerGreeting(_ message: OpaquePointer) -> Bool {
      guard sd_bus_message_is_method_call(message, "org.freedesktop.DBus", "Hello") > 0 else { return false }
      BusCall(BusMessage(message), self).reply { (reply) throws(SystemdError) in try reply.append(":1.1") }
      return true
    }

    private func process() {
      // A handler may make the server release this connection.
      withExtendedLifetime(self) {
        // One message, so that a client that asks a lot lets everything else go first each time.
        hasMessage = false
        for _ in 0..<BusServer.readsPerMessage where !hasMessage {
          let unread = self.unread
          let result = sd_bus_process(bus, nil)
          if result < 0 { return close() }
          if isClosed || result == 0 { break }
          // sd-bus has a limit of its own for what comes before the first message.
          if self.unread >= unread && sd_bus_is_ready(bus) > 0 { reads += 1 }
        }
        settle()
      }
    }

    func send(_ message: BusMessage) {
      guard !isClosed else { return }
      sd_bus_send(bus, message.message, nil)
      settle()
    }

    func emitChanged() {
      guard !isClosed, sd_bus_is_ready(bus) > 0 else { return }
      var names = object.propertyNames.map { strdup($0) } + [nil]
      defer { for name in names { free(name) } }
      sd_bus_emit_properties_changed_strv(bus, object.path, object.interface, &names)
      settle()
    }

    /// Waits for what the bus now needs, and ends a client that costs too much.
    private func settle() {
      let events = sd_bus_get_events(bus)
      guard !isClosed, events >= 0, unread <= BusServer.unreadLimit, reads <= BusServer.readsPerMessage else {
        return close()
      }
      source?.wait(for: UInt32(bitPattern: events))
    }

    /// Messages that the client has yet to read, beside those in its socket.
    private var unread: UInt64 {
      var count: UInt64 = 0
      // Cannot fail: the bus exists and belongs to this process.
      sd_bus_get_n_queued_write(bus, &count)
      return count
    }

    func close() {
      guard !isClosed else { return }
      isClosed = true
      source = nil
      sd_bus_close(bus)
      ended(self)
    }
  }
}
