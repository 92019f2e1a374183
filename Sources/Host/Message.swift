public import Configuration
public import Internet
import Netlink
import Ownership
public import VRRP

/// One line for the operator, with what a program needs to find it in the journal.
public struct Message {
  /// How much it matters, as syslog(3) has it.
  public enum Severity: Int, Sendable {
    /// Something failed.
    case error = 3
    /// Something is not as it should be.
    case warning
    /// Normal, and worth knowing.
    case notice
    /// Normal.
    case info
  }

  /// A field beside the message: an upper-case name of letters, digits and underscores, and its value.
  public typealias Field = (name: StaticString, value: String)

  /// Kinds of event, each with the MESSAGE_ID that its catalog entry explains.
  public enum Kind: CaseIterable, Sendable {
    case started
    case awaiting
    case copied
    case stopping
    case becameActive
    case becameBackup
    case owned
    case linkUnusable
    case reinstated
    case kernelRefused
    case late
    case beatRival
    case following
    case peerDiffers
    case ownSource
    case discarded
    case sendFailed
    case reloaded
    case reloadRefused
    case leftover
    case netlinkOverflow
    case holding
    case conflict
    case proxy
    case unanswered
    case unreached
    case blocked
    case isolated
    case handoverRefused
    case handedOver
    case protected
    case unprotected
    case groupChanged
    case held
    case released
    case checkFailed
    case checkPassed
    case unitsUnwatched
    case routeRestored
    case routeAccepted
    case writeFailed
    case writtenAgain
    case renamed
    case realtimeMissing
    case familyMissing
    case familyBack

    /// MESSAGE_ID
    public var id: StaticString {
      switch self {
      case .awaiting: "a8ebe2fc58f54320b900e9e2d682fd3a"
      case .copied: "dd860cf071c44c23a2490e79f317e425"
      case .started: "f0a149cfab7f4f6b9b787cf485a59a21"
      case .stopping: "8a0cd10c33e9417aa8074e61e2aa6b28"
      case .becameActive: "5938dd97a61142f7b008209182d08db5"
      case .becameBackup: "8823125ee4ea4ebd8430e01f6cde2fff"
      case .owned: "90215ad1d8f84f578a399c3d64929b37"
      case .linkUnusable: "64df6190949746348393a2e13c2ffe0a"
      case .reinstated: "232d07577cc1447cab9a44e39bb706a2"
      case .kernelRefused: "85cea7f7c7d243fbad2a12c1919bba9a"
      case .late: "5084e3c3c21b4eda8d141f4e1af71847"
      case .beatRival: "68bbc28db61f41918a185a1ab0598588"
      case .following: "12f291bb4aee4129b1219b9e146d0c91"
      case .peerDiffers: "baa72a402a1a4f0d8f02b2559d066f40"
      case .ownSource: "3031ba4237984438ab9a6036e87cc4ee"
      case .discarded: "c2d83ae72e864c05a1d5b9604deeb49e"
      case .sendFailed: "43832efc8dcc48af9b55c3db9f1165c2"
      case .reloaded: "b97e0e5acdb14f46bc284e1bb365b736"
      case .reloadRefused: "d428b1f0748c4f808058c7c22f1072db"
      case .leftover: "a143d57714ad4cc0b9cbe917cfc5b565"
      case .netlinkOverflow: "e841e672070f4a5daa851c14e29a6af7"
      case .holding: "8d7777cfafc84af3a1d164f9e9d65d8a"
      case .conflict: "15a7e51441624e75b859f816b62d685f"
      case .unanswered: "f423e99de4b4411a9fa9685c881f789e"
      case .unreached: "e02ed799999540bd8e83eb6af8dbe691"
      case .blocked: "20b3f8a91fa64a99b2b5bcdd07c1c24e"
      case .proxy: "cf024d2a5daf48c5a3b484e83e973414"
      case .isolated: "d3f4c987964b481a9ef8e152c09ac56b"
      case .handoverRefused: "6b4b7546bb4245d68848974eb0aef7b5"
      case .handedOver: "6254ef3987d34bc88144d912927f8a2a"
      case .protected: "4cd10ac80f794243ab3d5a183bf43b75"
      case .groupChanged: "b1d1c0a86d534f6f9bb9ac8f4d1c9f05"
      case .unprotected: "b8758c70b7ef46b5a05465df363e0e90"
      case .held: "3bfc133d4d2c417aa959d0ddf70c92e8"
      case .released: "379f8dd935d5436290171a55bc63a2a8"
      case .checkFailed: "1961daffb0f74fb3bafb1b4625b3f143"
      case .checkPassed: "10234067ca7d4500b71f8e349c7d50e9"
      case .unitsUnwatched: "3caa0b38d8a74a339bb938e0e1b8480d"
      case .routeRestored: "b1a1312d913e42b2ad680669ea863fd7"
      case .routeAccepted: "42c836e9e0ad431f9ae0c356c1ef1119"
      case .writeFailed: "924781ef5624419598e0be72c2660a25"
      case .writtenAgain: "7c07998bc30641df988ee0ca6a5dc4b8"
      case .renamed: "c0c2cc9c09ff40e6851ee561c0067f19"
      case .realtimeMissing: "a047783043f045ae9a6f4d17815f8819"
      case .familyMissing: "474d4afc383f4ddfae5de99a7acc5f6f"
      case .familyBack: "76b628b8ae694be3ba4f82f65963db2e"
      }
    }
  }

  /// What happened.
  public let kind: Kind
  /// How much it matters.
  public let severity: Severity
  /// One line.
  public let text: String
  /// What is special of this one.
  public var fields: [Field] = []

  init(_ kind: Kind, _ severity: Severity, _ text: String, _ fields: [Field] = []) {
    self.kind = kind
    self.severity = severity
    self.text = text
    self.fields = fields
  }
}

extension Message {
  /// `notice` of an instance with these settings in words.
  public init(_ notice: Notice, of settings: Settings, at now: Instant, _ calendar: Calendar) {
    switch notice {
    case .awaiting(let error): self.init(.awaiting, .warning, "\(error.waiting) (\(error))")
    case .copied(let copy): self.init(.copied, .warning, copy.explanation(settings))
    case .core(let report): self.init(report, settings, at: now, calendar)
    case .started: self.init(.started, .info, "Started: \(settings.summary)")
    case .leftover(let found):
      self.init(.leftover, .notice, "Found \(settings.names(of: found)), left by an earlier run")
    case .changesLost:
      self.init(.netlinkOverflow, .warning, "Netlink news was lost; looking at everything again")
    case .discarded(let discard, let envelope): self.init(discard, envelope)
    case .reloaded(let change):
      self.init(.reloaded, change.effect == .restart ? .warning : .notice, "Reload: \(change)")
    case .reloadedNothing: self.init(.reloaded, .info, "Reload: nothing changed")
    case .reloadRefused(let error):
      self.init(.reloadRefused, .error, "Reload refused, nothing changed: \(error)")
    case .held: self.init(.held, .notice, "Held by the operator: stays Backup until it is released")
    case .released: self.init(.released, .notice, "Released by the operator: may own the VIP again")
    case .groupChanged(let name, let reason):
      let why = reason.map { "\($0.inWords), so this instance stands back" }
      self.init(.groupChanged, .notice, "Group \(name): \(why ?? "free to own the VIP")")
    case .checkFailed(let text): self.init(.checkFailed, .warning, "Check fails: \(text)")
    case .checkPassed(let text): self.init(.checkPassed, .notice, "Check passes: \(text)")
    case .unitsUnwatched(let why):
      self.init(
        .unitsUnwatched, .warning,
        "Cannot ask systemd for the state of units: \(why); trying again every second")
    case .writeFailed(let file):
      self.init(
        .writeFailed, .error,
        "Cannot write the file \(file) of the runtime directory, which others act upon; trying again")
    case .writtenAgain:
      self.init(.writtenAgain, .notice, "The files of the runtime directory are written again")
    case .renamed(let before, let after):
      self.init(.renamed, .notice, "The interface \(before) is called \(after) now")
    case .realtimeMissing:
      self.init(
        .realtimeMissing, .notice,
        "Running without realtime priority: heartbeats may be late while others keep the processors busy")
    case .familyMissing(let family):
      let why = LinkCondition.noAddress(family).explanation(settings.interface)
      self.init(
        .familyMissing, .warning,
        "\(family) addresses cannot be served here: \(why). This router's priority is \(MissingFamily.priority) until it has one"
      )
    case .familyBack(let family):
      self.init(.familyBack, .notice, "\(settings.interface) has an \(family) address of its own again")
    case .routeAccepted(let route):
      self.init(.routeAccepted, .notice, "The kernel took the route \(route) in the end")
    case .routeRestored(let route):
      self.init(
        .routeRestored, .warning, "Somebody removed the route \(route) from \(settings.interface); put back")
    default: self.init(refusal: notice, settings)
    }
  }

  /// A request that the kernel refused.
  private init(refusal notice: Notice, _ settings: Settings) {
    switch notice {
    case .addressRefused(let network, let refusal):
      self.init(.kernelRefused, "The kernel refused \(network) on \(settings.interface)", refusal)
    case .routeRefused(let route, let refusal):
      self.init(.kernelRefused, "The kernel refused the route \(route); trying again", refusal)
    case .kernelRefused(let refusal):
      self.init(.kernelRefused, "The kernel refused what the VIP needs on \(settings.interface)", refusal)
    case .socketsRefused(let refusal):
      self.init(.kernelRefused, "Cannot open sockets on \(settings.interface); trying again", refusal)
    case .sendFailed(let kind, let refusal):
      self.init(
        .sendFailed,
        "Cannot send \(kind.rawValue) on \(settings.interface); more of this kind are not reported for a minute",
        refusal)
    default: preconditionFailure("has words of its own")
    }
  }

  private init(_ kind: Kind, _ text: String, _ refusal: KernelRefusal) {
    self.init(kind, .error, "\(text): \(refusal)", [("ERRNO", String(refusal.code))])
  }

  private init(_ discard: Discard, _ envelope: Envelope) {
    let why = discard.inWords(timeToLive: envelope.timeToLive) ?? "it is of another virtual router"
    self.init(
      .discarded, .warning,
      "Discarded a packet from \(envelope.source): \(why); more of this kind are only counted",
      [("VRRP_PEER", "\(envelope.source)")])
  }
}

extension Message {
  /// What the core reported, in words.
  private init(_ report: Report, _ settings: Settings, at now: Instant, _ calendar: Calendar) {
    let vip = settings.addressList
    let interface = settings.interface
    switch report {
    case .transition(let state, let cause):
      self.init(state, cause, settings: settings, at: now)
    case .linkUnusable(let condition):
      self.init(.linkUnusable, .warning, "\(condition.explanation(interface)); waiting for it")
    case .owned:
      self.init(.owned, .notice, "The kernel has \(vip) on \(interface); announced to the neighbours")
    case .reinstated(let lost):
      let names = settings.names(of: lost)
      self.init(.reinstated, .warning, "Somebody removed \(names) from \(interface); put back")
    case .addFailed(let index, _), .removeFailed(let index, _):
      // `Notice.addressRefused` has the kernel's own words.
      self.init(.kernelRefused, .error, "The kernel refused to change \(settings.addresses[index])")
    case .late(let by):
      self.init(
        .late, .error,
        "This process was held up for \(by.inWords): others may have taken over, so the VIP is released")
    case .beat(let rival):
      self.init(
        .beatRival, .warning, "\(rival) claimed to be Active too and lost; announced again",
        [("VRRP_PEER", "\(rival)")])
    case .following(let active, let priority):
      self.init(
        .following, .info, "\(active) (priority \(priority)) is Active", [("VRRP_PEER", "\(active)")])
    case .addressesDiffer(let peer):
      self.init(
        .peerDiffers, .warning,
        "\(peer) advertises other addresses for VRID \(settings.virtualRouterID) than \(vip): "
          + "give both the same Address= lines",
        [("VRRP_PEER", "\(peer)")])
    case .intervalDiffers(let peer, let interval):
      self.init(
        .peerDiffers, .warning,
        "\(peer) advertises every \(interval.duration.inWords), this router every "
          + "\(settings.advertisementInterval.duration.inWords): give both the same AdvertisementIntervalSec=",
        [("VRRP_PEER", "\(peer)")])
    case .ownSource:
      self.init(
        .ownSource, .error,
        "An Advertisement for VRID \(settings.virtualRouterID) came from this host's own address: "
          + "the network loops, or another host has the same address")
    case .holding(let hold):
      self.init(.holding, .warning, hold.inWords(vip: vip, calendar))
    case .conflict(let hardware):
      self.init(
        .conflict, .error,
        "The station \(hardware) claims \(vip), but is no router of VRID \(settings.virtualRouterID); "
          + "defending it: find that station and take the address from it",
        [("VIP_MAC", "\(hardware)")])
    case .unanswered(let router):
      self.init(
        .unanswered, .warning,
        "\(router) is heard, but nobody answers for \(vip): look for what drops its frames \(Self.filters)",
        [("VRRP_PEER", "\(router)")])
    case .unreached(let router):
      self.init(
        .unreached, .error,
        "\(router) hears this host, but gets no answer for \(vip): look for what drops this host's frames \(Self.filters)",
        [("VRRP_PEER", "\(router)")])
    case .blocked(let address, let reference):
      self.init(
        .blocked, .error,
        "\(reference) answers this host, but not \(address): look for what drops this host's frames \(Self.filters)",
        [("VIP_REFERENCE", "\(reference)")])
    case .proxy(let hardware):
      self.init(
        .proxy, .warning,
        "The station \(hardware) answers ARP for every address: its answers for \(vip) are ignored; "
          + "switch proxy ARP off there, or clients may send to it", [("VIP_MAC", "\(hardware)")])
    case .isolated(let since):
      self.init(
        .isolated, .error,
        "Isolated: neither reference (Gateway=) nor standby heard on \(interface) for \((now - since).inWords); "
          + "releasing the VIP")
    case .handoverRefused:
      self.init(.handoverRefused, .warning, "Nobody takes over \(vip); it stays here")
    case .protected(true):
      self.init(.protected, .notice, "A standby is there: \(vip) is protected")
    case .protected(false):
      self.init(
        .unprotected, .warning,
        "No standby has shown itself: as far as is known, no other router of VRID \(settings.virtualRouterID) is there to "
          + "take over \(vip)")
    case .handedOver(let successor):
      self.init(
        .handedOver, .notice, "\(successor) has taken over \(vip)", [("VRRP_PEER", "\(successor)")])
    }
  }

  private static let filters = "(port security, an address filter; with VirtualMAC= forged transmits)"

  private init(_ state: Election.State, _ cause: Election.Cause, settings: Settings, at now: Instant) {
    let kind: Kind =
      switch state {
      case .initialize: .stopping
      case .backup: .becameBackup
      case .active: .becameActive
      }
    let name =
      switch state {
      case .initialize: "Not taking part"
      case .backup: "Backup"
      case .active: "Active"
      }
    var fields: [Field] = []
    if let peer = cause.peer { fields.append(("VRRP_PEER", "\(peer)")) }
    self.init(kind, .notice, "\(name): \(cause.inWords(at: now))", fields)
  }
}

extension Hold {
  func inWords(vip: String, _ calendar: Calendar) -> String {
    switch self {
    case .answered(let hardware, let last):
      "Heartbeat lost\(last.map { " from \($0)" } ?? ""), but \(vip) is still answered by \(hardware): the daemon "
        + "there is gone or VRRP is blocked; holding"
    case .foreign(let hardware):
      "\(vip) is in use by the station \(hardware), which sends no VRRP: not taking it; "
        + "find that station and take the address from it"
    case .isolated(let since):
      "Isolated: heartbeat lost, and of the references (Gateway=) not more than half, since \(calendar.localTime(since)); holding"
    case .barred: "This host must not own \(vip) for now"
    }
  }
}

extension Election.State {
  /// The value of the journal's VRRP_STATE= field.
  public var field: String {
    switch self {
    case .initialize: "initialize"
    case .backup: "backup"
    case .active: "active"
    }
  }
}

extension Election.Cause {
  var peer: IPAddress? {
    switch self {
    case .silence(let peer, _), .resignation(let peer), .preemption(let peer, _), .better(let peer, _): peer
    case .ignored(let peer), .handover(let peer): peer
    case .startup, .shutdown, .nobodyHeard, .addressOwner, .late, .resumption, .isolation, .conflict, .barred:
      nil
    }
  }

  func inWords(at now: Instant) -> String {
    switch self {
    case .startup: "listening"
    case .shutdown: "this host gave the VIP up"
    case .nobodyHeard: "no other router heard"
    case .silence(let peer, let heard): "heartbeat lost from \(peer), last heard \((now - heard).inWords) ago"
    case .resignation(let peer): "\(peer) resigned"
    case .preemption(let peer, let priority): "preempting \(peer) (priority \(priority))"
    case .addressOwner: "priority 255"
    case .better(let peer, let priority): "\(peer) (priority \(priority)) is better"
    case .late: "this process was held up; listening again"
    case .resumption: "going on where an earlier run left off"
    case .isolation: "this host is cut off from the network"
    case .ignored(let peer): "\(peer) goes on although it was overruled; it may not hear this host"
    case .conflict: "another router has the VIP too, and cannot be heard: check that VRRP is not blocked"
    case .handover(let peer): "handed over to \(peer)"
    case .barred: "this host must not own it for now, and nobody else takes it"
    }
  }
}

extension LinkCondition {
  func explanation(_ interface: String) -> String {
    switch self {
    case .absent: "There is no interface \(interface)"
    case .down: "\(interface) is down"
    case .noCarrier: "\(interface) has no carrier"
    case .port:
      "\(interface) is a port of a bridge, bond or team, which takes its packets: Interface= should name that"
    case .noHardwareAddress:
      "\(interface) has no hardware address, by which neighbours could find the VIP"
    case .noAddress(.ipv4):
      "\(interface) has no IPv4 address of its own, which VRRP needs to send from"
    case .noAddress(.ipv6):
      "\(interface) has no IPv6 address of its own that VRRP can send from: a link-local one, for peers behind "
        + "routers a global one"
    case .ready(let identity):
      "\(interface) is ready with "
        + AddressFamily.allCases.compactMap { identity.address($0)?.description }.joined(separator: " and ")
    }
  }
}

extension Duration {
  /// `361 ms`, `2.5 s`: for people.
  public var inWords: String {
    let (seconds, attoseconds) = components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let tenths = milliseconds / 100
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}

extension GroupReason {
  /// For the status line.
  var inWords: String {
    switch self {
    case .waiting(let leader): "waiting for vip@\(leader) to be Active here"
    case .unable(let member): "vip@\(member) cannot own its VIP here"
    case .silent(let member): "vip@\(member) is silent"
    }
  }
}

extension Settings {
  /// The VIP, for a line that somebody reads.
  var addressList: String { addresses.abridged }

  func names(of set: AddressSet) -> String {
    var named: [IPNetwork] = []
    set.forEach { named.append(addresses[$0]) }
    return named.abridged
  }
}
