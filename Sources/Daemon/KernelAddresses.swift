import Configuration
import Glibc
import Internet
import Linux
import Netlink
import Ownership

/// Asks the kernel for the VIP's addresses and turns its answers into events.
final class KernelAddresses {
  private enum Change {
    case add(IPNetwork)
    case remove(IPNetwork)
  }

  /// What `index` counts in events; a reload may change it.
  var settings: Settings
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
  func add(_ index: Int, to linkIndex: Int32, lease: Duration?, addsPrefixRoute: Bool) -> Event? {
    let request = AddressRequest(
      network: settings.addresses[index], linkIndex: linkIndex, label: settings.label, scope: settings.scope,
      validLifetime: lease, addsPrefixRoute: addsPrefixRoute)
    do throws(LinuxError) {
      unanswered[try requests.add(request)] = .add(request.network)
      return nil
    } catch {
      return event(.add(request.network), error)
    }
  }

  /// Removes `network`; an event if the request could not even be sent.
  func remove(_ network: IPNetwork, from linkIndex: Int32) -> Event? {
    do throws(LinuxError) {
      unanswered[try requests.remove(network, from: linkIndex)] = .remove(network)
      return nil
    } catch {
      return event(.remove(network), error)
    }
  }

  /// The kernel's answers that wait; those to requests of others go to `others`.
  ///
  /// - Throws: if answers were lost; then `unansweredAfterLoss` tells what became of the requests.
  func answers(others: (UInt32, LinuxError?) -> Void) throws(LinuxError) -> [Event] {
    var events: [Event] = []
    try requests.receive { sequence, error in
      guard let change = self.unanswered.removeValue(forKey: sequence) else { return others(sequence, error) }
      if let event = self.event(change, error) { events.append(event) }
    }
    return events
  }

  /// Answers every open request from a snapshot of what the kernel has.
  func answers(missing: AddressSet, after loss: LinuxError) -> [Event] {
    let open = unanswered.sorted { $0.key < $1.key }.map(\.value)
    unanswered = [:]
    return open.compactMap { change in
      switch change {
      case .add(let network): event(change, isMissing(network, missing) ? loss : nil)
      case .remove(let network): event(change, isMissing(network, missing) ? nil : loss)
      }
    }
  }

  private func isMissing(_ network: IPNetwork, _ missing: AddressSet) -> Bool {
    settings.addresses.firstIndex(of: network).map { missing.contains(AddressSet(index: $0)) } ?? true
  }

  /// What an answer means to the core; nil for an address that was taken out of the configuration meanwhile: if the
  /// kernel keeps it, its lease ends it.
  private func event(_ change: Change, _ error: LinuxError?) -> Event? {
    switch change {
    case .add(let network):
      guard let index = settings.addresses.firstIndex(of: network) else { return nil }
      return error.map { .addFailed(index: index, errno: $0.errno) } ?? .added(index: index)
    case .remove(let network):
      guard let index = settings.addresses.firstIndex(of: network) else { return nil }
      // Gone is what was asked for.
      guard let error, error.kind != .addressMissing, error.kind != .linkGone else {
        return .removed(index: index)
      }
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
