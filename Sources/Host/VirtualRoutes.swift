import Configuration
import Internet
import Netlink
import Ownership

/// The routes that follow the VIP: there while this host owns all of it, gone otherwise.
struct VirtualRoutes: Hashable, Sendable {
  struct Entry: Hashable, Sendable {
    let route: VirtualRoute
    var retry = Retry()
    /// A program that removes it in a loop must not turn this one into its mirror.
    var restoring = Retry(first: .milliseconds(50))
    /// Whether the kernel has had it since it is wanted.
    var wasThere = false
  }

  var entries: [Entry]
  /// Whether there may be something to do.
  var mayHaveChanged = false
  /// Whether they were wanted when this was looked at last.
  var areWanted = false
  /// The link that they leave by.
  var linkIndex: Int32?
  /// Routes that are no longer configured, and must go.
  var dropped: [Route] = []

  init(_ settings: Settings) { entries = settings.routes.map { Entry(route: $0) } }
}

extension Host {
  /// Has the routes there while they are wanted, and no others of this instance.
  mutating func followRoutes(at now: Instant, into effects: inout Effects) {
    guard !routes.entries.isEmpty || !routes.dropped.isEmpty else { return }
    // Whether this run goes on with the VIP of an earlier one is not known before.
    guard core.link != nil else { return }
    let areWanted = core.owns && view.link != nil
    let linkIndex = view.link?.index
    guard routes.mayHaveChanged || areWanted != routes.areWanted else { return }
    routes.mayHaveChanged = false
    routes.areWanted = areWanted
    routes.linkIndex = linkIndex
    removeDroppedRoutes(into: &effects)
    guard let linkIndex else { return }
    for index in routes.entries.indices {
      follow(index, on: linkIndex, areWanted, at: now, into: &effects)
    }
  }

  private mutating func follow(
    _ index: Int, on linkIndex: Int32, _ isWanted: Bool, at now: Instant, into effects: inout Effects
  ) {
    let route = Route(routes.entries[index].route, linkIndex: linkIndex)
    let isThere = view.has(route)
    let isExpected = pending.outcome(.route(route)) ?? isThere
    guard isWanted else {
      routes.entries[index].wasThere = false
      routes.entries[index].retry.succeeded()
      if isExpected { ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects) }
      return
    }
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
    guard pending.outcome(.route(bereft)) ?? view.has(bereft),
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
      guard pending.outcome(.route(route)) ?? view.has(route) else { continue }
      ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects)
    }
  }

  private mutating func removeDroppedRoutes(into effects: inout Effects) {
    for route in routes.dropped where pending.outcome(.route(route)) ?? view.has(route) {
      ask(.removeRoute(route), about: .route(route), isAddition: false, into: &effects)
    }
    let (pending, view) = (pending, view)
    routes.dropped.removeAll { route in
      !view.has(route) && !pending.has { $0.subject == .route(route) }
    }
  }

  mutating func routeAnswered(
    _ route: Route, _ isAddition: Bool, _ refusal: KernelRefusal?, at now: Instant,
    into effects: inout Effects
  ) {
    routes.mayHaveChanged = true
    let place = routes.entries.firstIndex { Route($0.route, linkIndex: route.linkIndex) == route }
    guard let place else { return }
    guard isAddition, !view.has(route) else { return routes.entries[place].retry.succeeded() }
    if let refusal, !routes.entries[place].retry.isRefused {
      effects.append(.notice(.routeRefused(routes.entries[place].route, refusal)))
    }
    // A route that was added, and is not there, is removed by somebody in a loop, or not what the kernel made of it.
    routes.entries[place].retry.refused(at: now)
    schedule(routes.entries[place].retry)
  }

  /// The configuration lists other routes.
  mutating func reroute(from before: [VirtualRoute]) {
    routes.mayHaveChanged = true
    let old = routes.entries
    routes.entries = settings.routes.map { route in
      old.first { $0.route == route } ?? VirtualRoutes.Entry(route: route)
    }
    guard let linkIndex = routes.linkIndex else { return }
    routes.dropped += before.filter { !settings.routes.contains($0) }.map {
      Route($0, linkIndex: linkIndex)
    }
  }

  /// The configured routes that the kernel should have and has not, by index.
  var missingRoutes: [Int] {
    guard routes.areWanted, let linkIndex = routes.linkIndex else { return [] }
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
