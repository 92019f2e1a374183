import Control
import Host
import Systemd

/// What an operator asks of an instance through its socket, and what it answers.
final class ControlInterface {
  private let request: (Input) -> Void
  private var server: BusServer?
  /// Those who wait for a reply, by the number that the host knows them by.
  private var calls: [Int: BusCall] = [:]
  private var lastCaller = 0

  /// Listens in the runtime directory `directory`. `request` is called with what callers ask for.
  init(
    in directory: String, on loop: EventLoop, status: @escaping () -> InstanceStatus,
    request: @escaping (Input) -> Void
  ) throws(SystemdError) {
    self.request = request
    let object = BusObject(
      path: InstanceInterface.path, interface: InstanceInterface.name,
      properties: InstanceInterface.properties(status),
      methods: [
        BusObject.Method("Handover", results: "s", names: "Successor\0") { [unowned self] call in
          request(.handover(caller(call)))
        },
        BusObject.Method("Hold") { [unowned self] call in request(.hold(true, caller(call))) },
        BusObject.Method("Release") { [unowned self] call in request(.hold(false, caller(call))) },
        BusObject.Method("Reload", results: "as", names: "Changes\0") { [unowned self] call in
          request(.reload(caller(call)))
        },
      ])
    server = try BusServer(object, at: InstanceInterface.socket(in: directory), on: loop)
  }

  deinit {
    // Whoever got no answer is refused while there is still a connection for that.
    calls = [:]
  }

  /// The status that clients may have is out of date.
  func noteChange() { server?.emitChanged() }

  /// Answers `caller`, once.
  func reply(_ reply: Reply, to caller: Caller) {
    guard let call = calls.removeValue(forKey: caller.number) else { return }
    switch reply {
    case .done: call.reply()
    case .takenOver(let successor):
      call.reply { (message) throws(SystemdError) in try message.append("\(successor)") }
    case .changed(let changes):
      call.reply { (message) throws(SystemdError) in try message.append(changes) }
    case .refused(let why): call.refuse(BusError(name: InstanceInterface.refused, message: why))
    }
  }

  private func caller(_ call: BusCall) -> Caller {
    lastCaller += 1
    calls[lastCaller] = call
    return Caller(lastCaller)
  }
}
