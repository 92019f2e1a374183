import Control
import Internet
import Ownership
import Systemd

/// What an operator asks of an instance through its socket, and what it answers.
final class ControlInterface {
  /// What the instance does for its operator.
  struct Handlers {
    let status: () -> InstanceStatus
    let handover: () -> Void
    let hold: (Bool) -> Void
    /// Applies the configuration again, and answers then.
    let reload: (_ answer: @escaping (Reload.Outcome) -> Void) -> Void
  }

  private let handlers: Handlers
  private var server: BusServer?
  /// Calls of Handover whose outcome is not known yet.
  private var handovers: [BusCall] = []

  /// Listens in the runtime directory `directory`.
  init(in directory: String, on loop: EventLoop, _ handlers: Handlers) throws(SystemdError) {
    self.handlers = handlers
    let object = BusObject(
      path: InstanceInterface.path, interface: InstanceInterface.name,
      properties: InstanceInterface.properties(handlers.status),
      methods: [
        BusObject.Method("Handover", results: "s", names: "Successor\0") { [unowned self] in handOver($0) },
        BusObject.Method("Hold") { [unowned self] in hold(true, $0) },
        BusObject.Method("Release") { [unowned self] in hold(false, $0) },
        BusObject.Method("Reload", results: "as", names: "Changes\0") { [unowned self] in reload($0) },
      ])
    server = try BusServer(object, at: InstanceInterface.socket(in: directory), on: loop)
  }

  /// The status that clients may have is out of date.
  func noteChange() { server?.emitChanged() }

  /// Answers those who wait for the outcome of a handover.
  func answerHandovers(_ outcome: HandoverOutcome) {
    let waiting = handovers
    handovers = []
    for call in waiting {
      switch outcome {
      case .takenOver(let successor):
        call.reply { (message) throws(SystemdError) in try message.append("\(successor)") }
      case .refused(let reason): call.refuse(Self.refusal(reason.inWords))
      }
    }
  }

  private static func refusal(_ reason: String) -> BusError {
    BusError(name: InstanceInterface.refused, message: reason)
  }

  private func handOver(_ call: BusCall) {
    handovers.append(call)
    handlers.handover()
  }

  private func hold(_ isHeld: Bool, _ call: BusCall) {
    handlers.hold(isHeld)
    call.reply()
    noteChange()
  }

  private func reload(_ call: BusCall) {
    handlers.reload { [weak self] outcome in
      switch outcome {
      case .success(let changes):
        call.reply { (message) throws(SystemdError) in try message.append(changes) }
      case .failure(let error): call.refuse(Self.refusal("\(error)"))
      }
      self?.noteChange()
    }
  }
}

extension HandoverRefusal {
  fileprivate var inWords: String {
    switch self {
    case .notActive(nil): "This host is not Active"
    case .notActive(let owner?): "This host is not Active; \(owner) is"
    case .nobodyStandsBy: "Nobody stands by to take over"
    case .nobodyTookOver: "Nobody took over; the VIP stays here"
    case .interrupted: "The VIP went, or stays, for another reason"
    }
  }
}
