import Control
import Glibc
import Systemd

/// Asks instances how they are, all at once, and waits no longer than a while for any of them.
final class Inquiry {
  /// A daemon answers within milliseconds; one that has not after this long hangs.
  static let patience = Duration.seconds(1)

  private let list: InstanceList
  private let loop: EventLoop
  private var reports: [Report] = []
  private var clients: [BusClient] = []
  private var slots: [BusSlot] = []
  private var open = 0

  private init(_ list: InstanceList) throws(SystemdError) {
    self.list = list
    loop = try EventLoop()
  }

  /// What is known of each of `instances`, in their order.
  static func ask(_ instances: [InstanceList.Known], of list: InstanceList) throws(SystemdError) -> [Report] {
    let inquiry = try Inquiry(list)
    for known in instances { inquiry.ask(known) }
    if inquiry.open > 0 { _ = try inquiry.loop.run() }
    return inquiry.reports
  }

  private func ask(_ known: InstanceList.Known) {
    let index = reports.count
    reports.append(Report(known: known, answer: .stopped))
    do throws(SystemdError) {
      let client = try BusClient(path: list.socket(of: known.name), on: loop)
      clients.append(client)
      let slot = try client.status(timeout: Self.patience) { [unowned self] answer in
        reports[index].answer = answer
        open -= 1
        if open == 0 { loop.exit(0) }
      }
      slots.append(slot)
      open += 1
    } catch {
      reports[index].answer = error.answer
    }
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
      case .failure(let error): answer(.silent(error.inWords))
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
  /// For people, who need no D-Bus names.
  var inWords: String {
    switch name {
    case BusError.timeout: "nothing within \(WallClock.span(1_000_000))"
    case BusError.accessDenied: "only root may do that"
    default: message.isEmpty ? name : message
    }
  }
}
