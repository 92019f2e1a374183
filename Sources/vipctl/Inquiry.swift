import Control
import Glibc
import Systemd

/// Asks instances how they are, all at once, and waits no longer than a while for any of them.
final class Inquiry {
  /// A daemon answers within milliseconds; one that has not after this long hangs.
  static let patience = Duration.seconds(1)

  private let list: InstanceList
  private let patience: Duration
  private let loop: EventLoop
  private let done: ([Report]) -> Void
  private var reports: [Report]
  private var clients: [BusClient] = []
  private var slots: [BusSlot] = []
  private var open: Int

  /// Asks each of `instances`; `done` is called once with what is known of them, in their order, when all have
  /// answered or had `patience` for it. That may be before this returns.
  init(
    _ instances: [InstanceList.Known], of list: InstanceList, patience: Duration = Inquiry.patience,
    on loop: EventLoop, _ done: @escaping ([Report]) -> Void
  ) {
    self.list = list
    self.patience = patience
    self.loop = loop
    self.done = done
    reports = instances.map { Report(known: $0, answer: .stopped) }
    open = instances.count
    if instances.isEmpty { done([]) }
    for index in reports.indices { ask(index) }
  }

  /// What is known of each of `instances`, in their order.
  static func ask(_ instances: [InstanceList.Known], of list: InstanceList) throws(SystemdError) -> [Report] {
    let loop = try EventLoop()
    var reports: [Report] = []
    let inquiry = Inquiry(instances, of: list, on: loop) {
      reports = $0
      loop.exit(0)
    }
    _ = try loop.run()
    return withExtendedLifetime(inquiry) { reports }
  }

  private func ask(_ index: Int) {
    do throws(SystemdError) {
      let client = try BusClient(path: list.socket(of: reports[index].name), on: loop)
      clients.append(client)
      slots.append(try client.status(timeout: patience) { [unowned self] in note($0, index) })
    } catch {
      note(error.answer, index)
    }
  }

  private func note(_ answer: Report.Answer, _ index: Int) {
    reports[index].answer = answer
    open -= 1
    if open == 0 { done(reports) }
  }
}

extension BusClient {
  /// Asks for everything about the instance.
  func status(
    timeout: Duration, _ answer: @escaping (Report.Answer) -> Void
  ) throws(SystemdError) -> BusSlot {
    try properties(of: InstanceInterface.name, at: InstanceInterface.path, timeout: timeout) { result in
      switch result {
      case .success(let message):
        do throws(SystemdError) {
          answer(.status(try InstanceInterface.status(from: message)))
        } catch {
          answer(.silent("\(error)"))
        }
      case .failure(let error): answer(.silent(error.inWords(after: timeout)))
      }
    }
  }
}

extension SystemdError {
  /// What it means that a daemon cannot be reached.
  var answer: Report.Answer {
    switch errno {
    case ENOENT: .stopped
    // A socket that nobody listens on is what a daemon that was killed leaves behind.
    case ECONNREFUSED: .dead
    default: .silent("\(self)")
    }
  }
}

extension BusError {
  /// For people, who need no D-Bus names; they waited for `patience` at most.
  func inWords(after patience: Duration) -> String {
    switch name {
    case BusError.timeout: "nothing within \(WallClock.span(UInt64(patience / .microseconds(1))))"
    case BusError.accessDenied: "only root may do that"
    default: message.isEmpty ? name : message
    }
  }
}
