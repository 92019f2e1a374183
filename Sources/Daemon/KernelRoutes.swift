import Configuration
import Internet
import Linux
import Netlink

/// Keeps the routes in the kernel that follow the VIP: there while this host owns all of it, gone otherwise.
///
/// The kernel itself removes an IPv4 route whose source address goes, and tells nobody: they are asked for anew
/// each time that the VIP is complete again.
final class KernelRoutes {
  private let requests: RouteRequests
  private var installed: [RouteRequest] = []
  private var unanswered: [UInt32: String] = [:]

  init(requests: RouteRequests) { self.requests = requests }

  /// Takes up what an earlier run left on the link.
  func adopt(linkIndex: Int32) throws(LinuxError) { installed = try requests.routes(on: linkIndex) }

  /// Has exactly `wanted` on the link; what could not even be asked for.
  func follow(_ wanted: [RouteRequest]) -> [(route: String, error: LinuxError)] {
    var failures: [(String, LinuxError)] = []
    for route in installed where !wanted.contains(route) {
      ask(route, &failures) { route throws(LinuxError) in try self.requests.remove(route) }
    }
    for route in wanted where !installed.contains(route) {
      ask(route, &failures) { route throws(LinuxError) in try self.requests.add(route) }
    }
    installed = wanted
    return failures
  }

  private func ask(
    _ route: RouteRequest, _ failures: inout [(String, LinuxError)],
    _ body: (RouteRequest) throws(LinuxError) -> UInt32
  ) {
    do throws(LinuxError) {
      unanswered[try body(route)] = route.text
    } catch {
      failures.append((route.text, error))
    }
  }

  /// The route that the kernel's answer with this sequence number is about, if it says that something went wrong.
  func failure(_ sequence: UInt32, _ error: LinuxError?) -> String? {
    guard let route = unanswered.removeValue(forKey: sequence), let error else { return nil }
    // There already, or gone with its source address: as it should be.
    return error.kind == .exists || error.kind == .routeMissing ? nil : route
  }
}

extension RouteRequest {
  fileprivate var text: String {
    destination.prefixLength == 0 ? "default" : destination.description
  }

  /// What `route` asks of the link with index `linkIndex`.
  init(_ route: VirtualRoute, linkIndex: Int32) {
    self.init(
      destination: route.destination ?? Self.everywhere(route.family), linkIndex: linkIndex,
      gateway: route.gateway, source: route.source, metric: route.metric ?? 0,
      table: route.table ?? Self.mainTable)
  }
}
