import Configuration
import Host
import Internet
import Neighbor
import Netlink
import VRRP

/// Inputs and effects in a trace: short, and as they are.
extension Input {
  var traced: String {
    switch self {
    case .change(let change): "news: \(change.traced)"
    case .answer(let number, .snapshot(let snapshot)): "answer \(number): \(snapshot.traced)"
    case .answer(let number, .done): "answer \(number): done"
    case .answer(let number, .refused(let refusal)): "answer \(number): \(refusal.kind)"
    case .sockets(let number, let refusal): "sockets \(number): \(refusal.map { "\($0.kind)" } ?? "open")"
    case .advertisement(let received):
      "priority \(received.advertisement.priority) every "
        + "\(Int(received.advertisement.interval.centiseconds) * 10)ms from \(received.sender)"
    case .neighbor(let packet): packet.traced
    case .frame(let station): "evidence from \(station)"
    case .settings(let settings):
      "settings: \(settings.summary), routes \(settings.routes), peers \(settings.peers)"
    default: "\(self)"
    }
  }
}

extension Effect {
  var traced: String {
    switch self {
    case .request(let number, let request, _): "request \(number): \(request.traced)"
    case .openSockets(let number, let plan): "open sockets \(number) on link \(plan.linkIndex)"
    case .followIdentity: "follow identity"
    case .advertise(let advertisement, _, let isOwner):
      "advertise priority \(advertisement.priority)\(isOwner ? " as owner" : "")"
    case .ask(let packet, let hardware): "ask for \(packet.target) at \(hardware)"
    case .announce(let addresses, let form):
      "announce, \(form): \(addresses.map(\.description).joined(separator: " "))"
    case .listenForEvidence(_, let attention): "listen for evidence (\(attention))"
    case .ignoreEvidence: "ignore evidence"
    case .remember(let instant): "remember \(instant.map { TimeText.format($0.time) } ?? "nothing")"
    case .notice(.core(let report)): "notice: \(report)"
    default: "\(self)"
    }
  }
}

extension KernelRequest {
  fileprivate var traced: String {
    switch self {
    case .addAddress(let request):
      "add \(request.network) to \(request.linkIndex) for \(request.validLifetime.map { "\($0)" } ?? "ever")"
    case .removeAddress(let network, let index): "remove \(network) from \(index)"
    case .addRoute(let route): "add \(route.traced)"
    case .removeRoute(let route): "remove \(route.traced)"
    default: "\(self)"
    }
  }
}

extension RouteChange {
  fileprivate var traced: String {
    switch self {
    case .link(let link): link.traced
    case .linkRemoved(let index, let name): "\(name) (\(index)) is gone"
    case .address(let address): "\(address.network) is on \(address.linkIndex)"
    case .addressRemoved(let address): "\(address.network) is gone from \(address.linkIndex)"
    case .route(let route): route.traced
    case .routeAppended(let route): "appended: \(route.traced)"
    case .routeReplaced(let route): "replaced: \(route.traced)"
    case .routeRemoved(let route): "no more \(route.traced)"
    case .nexthop(let id): "nexthop \(id) is another one, or gone"
    case .forwarding(let index, let isOn): "\(isOn ? "forwards" : "does not forward") on \(index)"
    }
  }
}

extension Link {
  fileprivate var traced: String {
    "\(name) (\(index)) is \(isUp ? "up" : "down")\(isUp && !hasCarrier ? " without carrier" : "")"
  }
}

extension Route {
  fileprivate var traced: String {
    "route to \(destination) via \(gateway.map { "\($0)" } ?? "-") on \(linkIndex) src "
      + "\(source.map { "\($0)" } ?? "-") metric \(metric)"
  }
}

extension Snapshot {
  fileprivate var traced: String {
    let links = links.map(\.traced).joined(separator: ", ")
    let addresses = addresses.map { "\($0.network) on \($0.linkIndex)" }.joined(separator: ", ")
    return "links \(links); addresses \(addresses); routes \(routes.map(\.traced).joined(separator: ", "))"
  }
}

extension NeighborPacket {
  fileprivate var traced: String {
    let mark = standby.map { $0.isReady ? ", ready" : ", not ready" } ?? ""
    return "\(operation) of \(sender) at \(senderHardware) for \(target)\(mark)"
  }
}
