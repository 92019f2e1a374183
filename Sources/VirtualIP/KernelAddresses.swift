import Glibc
import Internet
import Linux
import Ownership

/// Asks the kernel for the VIP's addresses and turns its answers into events.
final class KernelAddresses {
  private enum Change {
    case add(Int)
    case remove(Int)
  }

  private let settings: Settings
  private let requests: RouteRequests
  /// Which change each unanswered request is about, by netlink sequence number.
  private var unanswered: [UInt32: Change] = [:]
  /// Whether the kernel has yet to answer.
  var isAsked: Bool { !unanswered.isEmpty }

  init(_ settings: Settings, requests: RouteRequests) {
    self.settings = settings
    self.requests = requests
  }

  /// Adds or renews the address at `index`; an event if the request could not even be sent.
  func add(_ index: Int, to linkIndex: Int32, lease: Duration?) -> Event? {
    let request = AddressRequest(
      network: IPNetwork(settings.addresses[index]), linkIndex: linkIndex, label: settings.label,
      scope: settings.scope,
      validLifetime: lease)
    do throws(LinuxError) {
      unanswered[try requests.add(request)] = .add(index)
      return nil
    } catch {
      return event(.add(index), error)
    }
  }

  /// Removes the address at `index`; an event if the request could not even be sent.
  func remove(_ index: Int, from linkIndex: Int32) -> Event? {
    do throws(LinuxError) {
      unanswered[try requests.remove(IPNetwork(settings.addresses[index]), from: linkIndex)] = .remove(index)
      return nil
    } catch {
      return event(.remove(index), error)
    }
  }

  /// The kernel's answers that wait.
  ///
  /// - Throws: if answers were lost; then `unansweredAfterLoss` tells what became of the requests.
  func answers() throws(LinuxError) -> [Event] {
    var events: [Event] = []
    try requests.receive { sequence, error in
      guard let change = self.unanswered.removeValue(forKey: sequence) else { return }
      events.append(self.event(change, error))
    }
    return events
  }

  /// Answers every open request from a snapshot of what the kernel has.
  func answers(missing: AddressSet, after loss: LinuxError) -> [Event] {
    let open = unanswered.sorted { $0.key < $1.key }.map(\.value)
    unanswered = [:]
    return open.map { change in
      switch change {
      case .add(let index): event(change, missing.contains(AddressSet(index: index)) ? loss : nil)
      case .remove(let index): event(change, missing.contains(AddressSet(index: index)) ? nil : loss)
      }
    }
  }

  private func event(_ change: Change, _ error: LinuxError?) -> Event {
    switch (change, error) {
    case (.add(let index), nil): return .added(index: index)
    case (.remove(let index), nil): return .removed(index: index)
    case (.add(let index), .some(let error)):
      return .addFailed(index: index, errno: error.errno)
    case (.remove(let index), .some(let error)):
      // Gone is what was asked for.
      if error.kind == .addressMissing || error.kind == .linkGone { return .removed(index: index) }
      return .removeFailed(index: index, errno: error.errno)
    }
  }
}

extension LinuxError {
  var errno: Int32 {
    if case .errno(let code) = cause { return code }
    return EPROTO
  }
}
