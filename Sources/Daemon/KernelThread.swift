import Host
import Linux
import Netlink
import Systemd

/// Does what needs the kernel's routing lock (RTNL), one after the other, on a thread of its own: another process may
/// hold that lock for longer than this one's heartbeats, and its watchdog, allow.
///
/// Besides links, addresses and routes that is opening and closing sockets that join a multicast group.
final class KernelThread {
  /// A request, and whether `answered` is called whatever the answer, or only if it is a refusal.
  typealias Question = (number: UInt32, request: KernelRequest, isUrgent: Bool)

  /// What came of requests.
  enum Answer {
    case answers([(number: UInt32, answer: KernelAnswer)])
    case sockets(UInt32, Result<LinkSockets, LinuxError>)
  }

  private let worker: Worker<Answer>
  /// Made when it is first needed.
  private var closer: Worker<Never>?
  private unowned let loop: EventLoop
  private let perform: @Sendable ([KernelRequest]) -> [KernelAnswer]

  /// What only one thread uses at a time.
  private struct Lent<Value>: @unchecked Sendable {
    let value: Value
  }

  /// `answered` is called from `loop` when there are answers.
  convenience init(on loop: EventLoop, answered: @escaping () -> Void) throws {
    let requests = Lent(value: try RouteRequests())
    try self.init(on: loop, perform: { requests.value.perform($0) }, answered: answered)
  }

  /// `perform` carries requests out, on the thread.
  init(
    on loop: EventLoop, perform: @escaping @Sendable ([KernelRequest]) -> [KernelAnswer],
    answered: @escaping () -> Void
  ) throws(SystemdError) {
    self.perform = perform
    self.loop = loop
    worker = try Worker(on: loop, priority: .answer, done: answered)
  }

  /// Asks the kernel, after all that was asked for before; it answers all of `questions` at once.
  func ask(_ questions: [Question]) {
    worker.submit { [perform] in
      let answers = perform(questions.map(\.request))
      return Worker.Outcome(
        .answers(zip(questions, answers).map { ($0.number, $1) }),
        isUrgent: questions.contains(where: \.isUrgent) || answers.contains { $0 != .done })
    }
  }

  /// Opens sockets.
  func open(_ number: UInt32, _ plan: SocketPlan) {
    worker.submit {
      do throws(LinuxError) {
        return Worker.Outcome(.sockets(number, .success(try LinkSockets(plan))))
      } catch {
        return Worker.Outcome(.sockets(number, .failure(error)))
      }
    }
  }

  /// Closes sockets that nobody uses any more, before any are opened that are asked for later.
  func close(_ sockets: LinkSockets) { close(sockets, by: worker) }

  /// Closes one that nobody uses any more, on a thread of its own: that waits until all processors have let go of it
  /// (synchronize_net()), while an address may have to go at once.
  func close(_ eavesdropper: Eavesdropper) {
    if closer == nil { closer = try? Worker(on: loop, priority: .answer) {} }
    guard let closer else { return close(eavesdropper, by: worker) }
    close(eavesdropper, by: closer)
  }

  private func close<Result>(_ sockets: any WatchedSockets, by worker: Worker<Result>) {
    sockets.unwatch()
    let lent = Lent(value: sockets)
    worker.submit {
      lent.value.close()
      return nil
    }
  }

  /// Whether there are answers to take.
  var hasAnswers: Bool { worker.hasResults }

  /// The answers that have come since, in the order of the requests.
  func takeAnswers() -> [Answer] { worker.takeResults() }

  /// Has `answered` called once more, after what is more urgent.
  func callAgain() { worker.callAgain() }
}

/// What the loop watches, and what the kernel may take its time to close.
protocol WatchedSockets: AnyObject {
  /// Before they are closed, on the loop's thread.
  func unwatch()
  /// Closes them, which may have to wait for the kernel.
  func close()
}
