import Internet
import Netlink

@testable import Linux

/// One change at a time.
extension RouteRequests {
  func add(_ request: AddressRequest) throws(LinuxError) { try make(.addAddress(request)) }

  func remove(_ network: IPNetwork, from linkIndex: Int32) throws(LinuxError) {
    try make(.removeAddress(network, linkIndex: linkIndex))
  }

  func add(_ route: Route) throws(LinuxError) { try make(.addRoute(route)) }

  func remove(_ route: Route) throws(LinuxError) { try make(.removeRoute(route)) }

  private func make(_ request: KernelRequest) throws(LinuxError) {
    if let error = change([request])[0] { throw error }
  }
}
