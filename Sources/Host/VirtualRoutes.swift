import Configuration
import Internet
import Netlink
import Ownership
import VRRP

/// The routes that follow the VIP: there while this host owns it, gone otherwise.
struct VirtualRoutes: Hashable, Sendable {
  struct Entry: Hashable, Sendable {
    let route: VirtualRoute
    var retry = Retry()
    /// As `retry`, while it must go.
    var removal = Retry()
    /// A program that removes it in a loop must not turn this one into its mirror.
    var restoring = Retry(first: .milliseconds(50))
    /// Whether the kernel has had it since it is wanted.
    var wasThere = false
  }

  var entries: [Entry]
  /// Whether there may be something to do.
  var mayHaveChanged = false
  /// Whether they were wanted when this was looked at last: as soon as this host owns the VIP, until it gives it up.
  var areWanted = false
  /// The link that they leave by.
  var linkIndex: Int32?
  /// Routes that are no longer configured, and must go.
  var dropped = Removals<Route>()

  init(_ settings: Settings) { entries = settings.routes.map { Entry(route: $0) } }
}

extension Host {
  /// Has the routes there while they are wanted, and no others of this instance.
  mutating func followRoutes(at now: Instant, into effects: inout Effects) {
    guard !routes.entries.isEmpty || !routes.dropped.isEmpty else { return }
    // Whether this run goes on with the VIP of an earlier one is not known before.
    guard core.link != nil else { return }
    // An address that is being added takes no route away from the others.
    let isServing = core.owns || routes.areWanted && core.election.state == .active
    let areWanted = isServing && view.link != nil
    let linkIndex = view.link?.index
    guard routes.mayHaveChanged || areWanted != routes.areWanted else { return }
    routes.mayHaveChanged = false
    routes.areWanted = areWanted
    routes.linkIndex = linkIndex
    removeDroppedRoutes(at: now, into: &effects)
    guard let linkIndex else { return }
    for index in routes.entries.indices {
      let isWanted = areWanted && hasSource(routes.entries[index].route)
      follow(index, on: linkIndex, isWanted, at: now, into: &effects)
    }
  }

  /// Whether the kernel will have `route` when it has answered all requests.
  private func isExpected(_ route: Route) -> Bool { pending.outcome(.route(route)) ?? view.has(route) }

  /// Whether the kernel can have `route`: its source, where it has one of the VIP's, is there.
  private func hasSource(_ route: VirtualRoute) -> Bool {
    guard let source = route.source else { return true }
    let index = settings.addresses.firstIndex { $0.address == source }
    return index.map { addresses.told.contains(AddressSet(index: $0)) } ?? true
  }

  private mutating func follow(
    _ index: Int, on linkIndex: Int32, _ isWanted: Bool, at now: Instant, into effects: inout Effects
  ) {
    let route = Route(routes.entries[index].route, linkIndex: linkIndex)
    let isThere = view.has(route)
    let isExpected = isExpected(route)
    guard isWanted else {
      routes.entries[index].wasThere = false
      routes.entries[index].retry.succeeded()
      guard isExpected, allows(routes.entries[index].removal, at: now) else { return }
      return ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects)
    }
    routes.entries[index].removal.succeeded()
    if isThere && isExpected {
      routes.entries[index].wasThere = true
      return
    }
    guard !isExpected, allows(routes.entries[index].retry, at: now) else { return }
    if routes.entries[index].wasThere {
      guard rules.contains(.restoreRoutes), allows(routes.entries[index].restoring, at: now) else { return }
      routes.entries[index].wasThere = false
      effects.append(.notice(.routeRestored(routes.entries[index].route)))
      routes.entries[index].restoring.refused(at: now)
      schedule(routes.entries[index].restoring)
    }
    removeBereft(route, into: &effects)
    ask(.addRoute(route), about: .route(route), isAddition: true, into: &effects)
  }

  /// The kernel leaves an IPv6 route whose source went, without it, and then takes the whole one for the same.
  private mutating func removeBereft(_ route: Route, into effects: inout Effects) {
    guard route.family == .ipv6, route.source != nil else { return }
    var bereft = route
    bereft.source = nil
    guard isExpected(bereft),
      !routes.entries.contains(where: {
        Route($0.route, linkIndex: route.linkIndex) == bereft
      })
    else { return }
    ask(.removeRoute(bereft), about: .route(bereft), isAddition: false, into: &effects)
  }

  /// The addresses go, and before them the routes that may have one as their source.
  mutating func removeRoutes(into effects: inout Effects) {
    guard let linkIndex = routes.linkIndex else { return }
    routes.areWanted = false
    for index in routes.entries.indices {
      let route = Route(routes.entries[index].route, linkIndex: linkIndex)
      routes.entries[index].wasThere = false
      guard isExpected(route) else { continue }
      ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects)
    }
  }

  mutating func removeDroppedRoutes(at now: Instant, into effects: inout Effects) {
    guard !routes.dropped.isEmpty else { return }
    let (pending, view) = (pending, view)
    // What is configured again, on the link that it was on, is looked after there.
    let configured = routes.linkIndex.map { link in routes.entries.map { Route($0.route, linkIndex: link) } }
    routes.dropped.removeAll { route in
      configured?.contains(route) == true || !view.has(route) && !pending.has { $0.subject == .route(route) }
    }
    for entry in routes.dropped.entries {
      let route = entry.thing
      guard isExpected(route), allows(entry.retry, at: now) else { continue }
      ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects)
    }
  }

  mutating func routeAnswered(
    _ route: Route, _ isAddition: Bool, _ refusal: KernelRefusal?, at now: Instant,
    into effects: inout Effects
  ) {
    routes.mayHaveChanged = true
    // It went without a word.
    if !isAddition, refusal?.kind == .routeMissing, view.has(route) { view.apply(.routeRemoved(route)) }
    if !isAddition, let refusal, refusal.kind != .routeMissing, refusal.kind != .linkGone {
      return routeStays(route, refusal, at: now, into: &effects)
    }
    guard let place = index(of: route) else { return }
    guard isAddition, !view.has(route) else {
      if isAddition && routes.entries[place].retry.isRefused {
        effects.append(.notice(.routeAccepted(routes.entries[place].route)))
      }
      return routes.entries[place].retry.succeeded()
    }
    if let refusal, !routes.entries[place].retry.isRefused {
      effects.append(.notice(.routeRefused(routes.entries[place].route, refusal)))
    }
    // A route that was added, and is not there, is removed by somebody in a loop, or not what the kernel made of it.
    routes.entries[place].retry.refused(at: now)
    schedule(routes.entries[place].retry)
  }

  /// The configured route that `route` is, by index.
  private func index(of route: Route) -> Int? {
    routes.entries.firstIndex { Route($0.route, linkIndex: route.linkIndex) == route }
  }

  /// The kernel refused to remove a route.
  private mutating func routeStays(
    _ route: Route, _ refusal: KernelRefusal, at now: Instant, into effects: inout Effects
  ) {
    followUp(routes.dropped.refused(route, at: now), refusal, into: &effects)
    guard let place = index(of: route), route.linkIndex == routes.linkIndex else { return }
    followUp(Refusal(of: &routes.entries[place].removal, at: now), refusal, into: &effects)
  }

  /// The configuration lists other routes.
  mutating func reroute(from before: [VirtualRoute]) {
    routes.mayHaveChanged = true
    let old = routes.entries
    routes.entries = settings.routes.map { route in
      old.first { $0.route == route } ?? VirtualRoutes.Entry(route: route)
    }
    guard let linkIndex = routes.linkIndex else { return }
    for route in before where !settings.routes.contains(route) {
      routes.dropped.insert(Route(route, linkIndex: linkIndex))
    }
  }

  /// The configured routes that the kernel should have and has not, by index.
  var missingRoutes: [Int] {
    guard core.owns, routes.areWanted, let linkIndex = routes.linkIndex else { return [] }
    return routes.entries.indices.filter { !view.has(Route(routes.entries[$0].route, linkIndex: linkIndex)) }
  }
}

extension Route {
  /// What IPv6 takes for a route of no metric (IP6_RT_PRIO_USER).
  private static let ipv6Metric: UInt32 = 1024

  /// What `route` asks of the link with index `linkIndex`, as the kernel tells of it.
  init(_ route: VirtualRoute, linkIndex: Int32) {
    self.init(
      destination: route.destination ?? Self.everywhere(route.family), linkIndex: linkIndex,
      gateway: route.gateway, source: route.source,
      metric: route.metric ?? (route.family == .ipv6 ? Self.ipv6Metric : 0),
      table: route.table ?? Self.mainTable)
  }
}
