public import Internet
public import Ownership
public import VRRP

/// The effective settings of one instance, complete and checked, each with its origin.
public struct Settings: Hashable, Sendable {
  /// The instance's name: `219` of `vip@219`.
  public var instance = ""
  /// The VIPs, 1 to 255 and of IPv6 at most 90, each with the prefix length that the kernel gets; no address twice. The first of IPv6
  /// is link-local.
  public var addresses: [IPNetwork] = []
  /// The name of the interface that carries them; it existed when this was resolved.
  public var interface = ""
  /// `IFA_LABEL`, at most 15 bytes; nil lets the kernel use the interface's name.
  public var label: String?
  /// The instances on this host that are Active or Backup together; nil for this one alone.
  public var group: String?
  /// The family without which this host takes no part, that of the first address; nil for all that the VIP has.
  public var requiredFamily: AddressFamily?
  /// Whether the first IPv6 address was not configured, but derived from the virtual router's number.
  public var hasDerivedAddress = false
  /// Whether the addresses are at the virtual router's hardware address.
  public var virtualMAC = false
  /// The addresses' scope.
  public var scope = AddressScope.global
  /// RFC 9568's VRID, 1 to 255.
  public var virtualRouterID: UInt8 = 0
  /// RFC 9568's priority, 1 to 255.
  public var priority: UInt8 = 100
  /// RFC 9568's Advertisement_Interval: 10 ms to 40.95 s, whole centiseconds.
  public var advertisementInterval = AdvertisementInterval.standard
  /// RFC 9568's Preempt_Mode.
  public var preempt = true
  /// How long a Backup router of higher priority waits before it preempts: 0 to 1000 s.
  public var preemptDelay = Duration.zero
  /// Which VRRP is spoken.
  public var version = ProtocolVersion.v3
  /// The other routers, where Advertisements are unicast; empty for multicast. Of every family that the VIP has.
  public var peers: [IPAddress] = []
  /// How to form checksums of version 3 over IPv4; nil for as the others do.
  public var checksum: ChecksumForm?
  /// The password of version 2, at most eight bytes; nil for none.
  public var authentication: String?
  /// The address's `valid_lft`: 1 s to 10 min, whole seconds; nil is for ever.
  public var lease: Duration? = .seconds(2)
  /// What ARP answers may hold off.
  public var witness = Parameters.WitnessMode.strict
  /// Whose answers show that this host is on the network.
  public var gateways = [Gateway.auto]
  /// Routes that only the owner of the VIP has.
  public var routes: [VirtualRoute] = []
  /// Gratuitous ARPs in one burst, 1 to 100.
  public var announcementRepeat = 5
  /// The time between later announcements, 1 s to 1 day; nil is never.
  public var refreshInterval: Duration? = .seconds(60)
  /// The time between two packets that announce addresses, 100 us to 1 s; nil is none.
  public var announcementInterval: Duration?
  /// What else decides whether this host may own the VIP: one for each section that says something.
  public var tracks: [TrackSettings] = []

  /// The defaults, of an instance without a name and addresses.
  public init() {}

  /// Where the values of a key come from, by its name in `qualifiedName(of:)`; what is missing here is the default.
  var origins: [String: [Origin]] = [:]

  /// Where a value comes from.
  public enum Origin: Hashable, Sendable, CustomStringConvertible {
    /// The assignment that begins on this line, counted from 1.
    case file(String, line: Int)
    /// Nothing was said.
    case `default`
    /// Worked out from what is named here.
    case derived(from: String)

    /// `FILE:LINE`, `default` or `derived from …`; one line.
    public var description: String {
      switch self {
      case .file(let path, let line): "\(path.printable):\(line)"
      case .default: "default"
      case .derived(let source): "derived from \(source.printable)"
      }
    }
  }

  /// Where each value of `key` (as in `VRRP.Priority`) comes from: one entry, or one for each address.
  public func origins(of key: String) -> [Origin] { origins[key] ?? [.default] }

  /// Whether no `Interface=` names the interface: it is the one whose subnet holds the first address.
  public var isInterfaceDerived: Bool {
    if case .derived = origins(of: "VirtualIP.Interface").first { true } else { false }
  }
}

extension Settings: CustomStringConvertible {
  /// One line: what is served, where, and how.
  public var summary: String {
    let vips = addresses.map(\.description).joined(separator: ", ")
    let lasts = lease.map { "lease \(TimeSpan.text($0))" } ?? "no lease"
    return "\(instance): \(vips) on \(interface), VRID \(virtualRouterID), priority \(priority), "
      + "advertised every \(TimeSpan.text(advertisementInterval.duration)), \(lasts)"
  }

  /// The summary and every setting with its origin, as a configuration file with the same effect.
  ///
  /// Origins are comment lines of their own, because systemd.syntax(7) has no comment after a value.
  public var description: String {
    var text = "# \(summary.printable)\n"
    for section in ConfigurationKey.sections {
      for index in 0..<(section == ConfigurationKey.track ? max(tracks.count, 1) : 1) {
        text += "\n[\(section)]\n"
        let view = view(ofTrack: index)
        for key in ConfigurationKey.keys(of: section) { text += view.lines(key) }
      }
    }
    return text
  }

  private func lines(_ key: ConfigurationKey) -> String {
    let values = key.values(self)
    let origins = origins(of: qualifiedName(of: key))
    let derivedIndex = hasDerivedAddress ? addresses.firstIndex { $0.address.family == .ipv6 } : nil
    var text = ""
    for (index, value) in (values.isEmpty ? [""] : values).enumerated() {
      // A backslash at the end would continue the line; one before a blank does not.
      let end = value.utf8.last == UInt8(ascii: "\\") ? " \n" : "\n"
      // The address that was derived would count as configured if it were assigned.
      let start = key.name == "Address" && index == derivedIndex ? "# " : ""
      text += "# \(origins[min(index, origins.count - 1)])\n\(start)\(key.name)=\(value)\(end)"
    }
    return text
  }
}

// [Track] may be there more than once: its keys are about the last one.
extension Settings {
  var lastTrack: TrackSettings {
    get { tracks.last ?? TrackSettings() }
    set { tracks = tracks.dropLast() + [newValue] }
  }

  /// `VRRP.Priority`, `Track.Unit`, and `Track[2].Unit` in the second section.
  func qualifiedName(of key: ConfigurationKey) -> String { qualifiedName(key.section, key.name) }

  func qualifiedName(_ section: String, _ name: String) -> String {
    section == ConfigurationKey.track && tracks.count > 1
      ? "\(section)[\(tracks.count)].\(name)" : "\(section).\(name)"
  }

  private static func isOfTrack(_ qualifiedName: String) -> Bool {
    qualifiedName.hasPrefix(ConfigurationKey.track)
  }

  /// The same settings up to the section with this index, which is empty if there is none.
  func view(ofTrack index: Int) -> Settings {
    var view = self
    view.tracks = (0...index).map { tracks.indices.contains($0) ? tracks[$0] : TrackSettings() }
    return view
  }

  /// Another [Track] begins.
  mutating func beginTrack() {
    if lastTrack != TrackSettings() || tracks.isEmpty { tracks.append(TrackSettings()) }
    for key in ConfigurationKey.ofTrack { origins[qualifiedName(of: key)] = nil }
  }
}

extension Settings {
  /// A key whose value differs between two settings.
  public struct Change: Hashable, Sendable, CustomStringConvertible {
    /// `Section.Key`, and `Track[2].Key` in the second section of a kind
    public let key: String
    /// The values before, as in a file; none for an unset label.
    public let old: [String]
    /// The values after.
    public let new: [String]
    /// When it takes effect.
    public let effect: Effect

    /// When a changed value takes effect.
    public enum Effect: Hashable, Sendable {
      /// At once.
      case live
      /// With each address that is added from now on: the kernel cannot change that of an address that it has, and
      /// a reload takes none away.
      case nextAddition
      /// When the instance is restarted.
      case restart
    }

    /// `VRRP.Priority: 100 -> 120`, with what it takes if that is more than a reload.
    public var description: String {
      func text(_ values: [String]) -> String { values.isEmpty ? "none" : values.joined(separator: " ") }
      let when =
        switch effect {
        case .live: ""
        case .nextAddition: " (of addresses that are added from now on)"
        case .restart: " (needs a restart)"
        }
      return "\(key): \(text(old)) -> \(text(new))\(when)"
    }
  }

  /// What differs in `new`, in the order of the keys; origins do not count.
  public func changes(to new: Settings) -> [Change] {
    ConfigurationKey.single.compactMap { change($0, to: new) }
      + (0..<max(tracks.count, new.tracks.count)).flatMap { index in
        let (before, after) = (view(ofTrack: index), new.view(ofTrack: index))
        return ConfigurationKey.ofTrack.compactMap { before.change($0, to: after) }
      }
  }

  private func change(_ key: ConfigurationKey, to new: Settings) -> Change? {
    guard key.differs(self, new) else { return nil }
    let (before, after) = (key.values(self), key.values(new))
    if before == after { return nil }
    return Change(
      key: qualifiedName(of: key), old: before, new: after, effect: key.effect(from: self, to: new))
  }

  /// Takes over from `new` what a reload applies; the rest stays as it is.
  public mutating func takeLiveValues(of new: Settings) {
    for key in ConfigurationKey.single {
      guard key.effect(from: self, to: new) != .restart else { continue }
      key.copy(new, &self)
      origins[key.qualifiedName] = new.origins[key.qualifiedName]
    }
    tracks = new.tracks
    origins = origins.filter { !Self.isOfTrack($0.key) }
    origins.merge(new.origins.filter { Self.isOfTrack($0.key) }) { $1 }
  }
}
