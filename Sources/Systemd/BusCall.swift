import CSystemd

/// A method call that waits for its answer. One that is released without an answer is refused.
public final class BusCall {
  private let message: BusMessage
  private let connection: BusServer.Connection
  private var isAnswered = false

  init(_ message: BusMessage, _ connection: BusServer.Connection) {
    self.message = message
    self.connection = connection
  }

  deinit {
    if !isAnswered { refuse(BusError(name: BusError.noReply, message: "The call was dropped")) }
  }

  /// The method's name.
  public var member: String { message.member }

  /// Answers with the results that `write` appends. Does nothing if the client is gone.
  public func reply(_ write: (BusMessage) throws(SystemdError) -> Void = { _ in }) {
    var reply: OpaquePointer?
    guard !isAnswered, sd_bus_message_new_method_return(message.message, &reply) >= 0, let reply else {
      return
    }
    do throws(SystemdError) {
      let body = BusMessage(adopting: reply)
      try write(body)
      send(body)
    } catch {
      refuse(BusError(name: "org.freedesktop.DBus.Error.Failed", message: "\(error)"))
    }
  }

  /// Answers with `error`.
  public func refuse(_ error: BusError) {
    var reply: OpaquePointer?
    let result = error.name.withCString { name in
      error.message.withCString { text in
        var error = sd_bus_error(name: name, message: text, _need_free: 0)
        return sd_bus_message_new_method_error(message.message, &reply, &error)
      }
    }
    guard !isAnswered, result >= 0, let reply else { return }
    send(BusMessage(adopting: reply))
  }

  private func send(_ reply: BusMessage) {
    isAnswered = true
    connection.send(reply)
  }
}
