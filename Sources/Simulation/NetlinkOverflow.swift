import Ownership

/// What a daemon does when messages of netlink did not fit into its sockets, as `VirtualIP.Daemon` does: what
/// was lost is the message, not the change, so it looks at everything again.
extension World {
  private static let noBuffers: Int32 = 105

  /// What reaches the daemon in place of a message that is lost; nil if it is not.
  func overflow(_ kind: Occurrence.Kind, on number: Int) -> Occurrence.Kind? {
    switch kind {
    case .added, .addFailed, .removed, .removeFailed:
      hosts[number].losingAnswers > 0 ? .answersLost : nil
    default: hosts[number].losingNews > 0 ? .newsLost : nil
    }
  }

  /// Every open request is answered from a snapshot.
  mutating func answersWereLost(_ number: Int) {
    guard rules.contains(.resynchronize) else { return }
    coverage.count(.answersLost)
    let present = hosts[number].present
    for request in hosts[number].requests.closeAll() where hosts[number].isAlive {
      let isPresent = present.contains(AddressSet(index: request.index))
      tell(Self.outcome(of: request, isPresent: isPresent), to: number)
    }
  }

  private static func outcome(of request: OpenRequests.Request, isPresent: Bool) -> Event {
    switch (request.isAddition, isPresent) {
    case (true, true): .added(index: request.index)
    case (true, false): .addFailed(index: request.index, errno: noBuffers)
    case (false, true): .removeFailed(index: request.index, errno: noBuffers)
    case (false, false): .removed(index: request.index)
    }
  }

  /// Whatever is not there may have been lost, and the link may be another one.
  mutating func newsWasLost(_ number: Int) {
    guard rules.contains(.resynchronize) else { return }
    coverage.count(.newsLost)
    let missing = AddressSet.all(plan.network.addressCount).subtracting(hosts[number].present)
    missing.forEach { index in
      if hosts[number].isAlive { tell(.vanished(index: index), to: number) }
    }
    if hosts[number].isAlive { tell(.link(condition(of: number)), to: number) }
  }
}
