import Internet
import Ownership
import VRRP

/// Settings while files are read, with the addresses that may lack a prefix length still.
struct Draft {
  struct Address {
    let address: IPAddress
    let prefixLength: Int?
    let origin: Settings.Origin
  }

  var settings = Settings()
  var addresses: [Address] = []
}

/// Everything there is to know about one key. A new key is a row of `all` and a property of `Settings`.
struct ConfigurationKey: Sendable {
  let section: String
  let name: String
  /// What values it takes, for messages; vip.conf(5) says the same.
  let accepted: String
  /// What holds when nothing is assigned, for messages.
  let fallback: String
  /// An accepted value that is not the default: tests demand that it makes a difference to the rest of the program.
  let sample: String
  /// When a reload applies a changed value.
  let effect: Settings.Change.Effect
  /// Stores a value that is not empty; false if it is not accepted.
  let assign: @Sendable (inout Draft, String, Settings.Origin) -> Bool
  /// Forgets all that was assigned.
  let reset: @Sendable (inout Draft) -> Void
  /// The effective values as they would stand in a file.
  let values: @Sendable (Settings) -> [String]
  /// Whether two settings have other values.
  let differs: @Sendable (Settings, Settings) -> Bool
  /// Copies the effective values, and where they come from.
  let copy: @Sendable (Settings, inout Settings) -> Void

  /// When a reload changes it from what `old` has to what `new` has.
  func effect(from old: Settings, to new: Settings) -> Settings.Change.Effect {
    guard name == "Address" else { return effect }
    // Another set of families is another set of virtual routers.
    guard old.families == new.families else { return .restart }
    // The kernel keeps the prefix that an IPv6 address was added with.
    let isOfPrefixesOnly =
      old.addresses.count == new.addresses.count
      && zip(old.addresses, new.addresses).allSatisfy { $0.isSameAddress(as: $1) }
    return isOfPrefixesOnly ? .nextAddition : .live
  }

  /// `Section.Key`
  var qualifiedName: String { "\(section).\(name)" }

  /// The section that may be there more than once.
  static let track = "Track"

  static let sections: [String] = all.reduce(into: []) { if $0.last != $1.section { $0.append($1.section) } }

  /// Those of the sections that are there once.
  static let single = all.filter { $0.section != track }

  static let ofTrack = keys(of: track)

  static func keys(of section: String) -> [ConfigurationKey] { all.filter { $0.section == section } }

  static let all: [ConfigurationKey] = [
    addressKey,
    scalar(
      "VirtualIP", "Interface", "the name of an interface, at most 15 bytes",
      fallback: "the interface whose subnet holds the first address",
      effect: .restart, sample: "eth1", \.interface, read: { isInterfaceName($0) ? $0 : nil }, write: { $0 }),
    scalar(
      "VirtualIP", "Label",
      "the interface's name, alone or with a colon and a tag, at most 15 bytes",
      effect: .nextAddition, sample: "eth0:0", \.label, read: { isLabel($0) ? .some($0) : nil },
      write: { $0 ?? "" }),
    scalar(
      "VirtualIP", "Scope", "global, link or host", effect: .nextAddition, sample: "link", \.scope,
      read: { text in AddressScope.named.first { $0.description == text } }, write: { $0.description }),
    scalar(
      "VirtualIP", "VirtualMAC", "yes, true, on, 1, no, false, off or 0", effect: .restart, sample: "yes",
      \.virtualMAC, read: boolean, write: { $0 ? "yes" : "no" }),
    scalar(
      "VirtualIP", "Group", "a name of 1 to 64 ASCII letters, digits and :_.-@", sample: "web", \.group,
      read: { isGroupName($0) ? .some($0) : nil }, write: { $0 ?? "" }),
    scalar(
      "VirtualIP", "RequiredFamily", "both, ipv4 or ipv6", sample: "ipv4", \.requiredFamily,
      read: { text in text == "both" ? .some(nil) : AddressFamily.allCases.first { $0.word == text } },
      write: { $0?.word ?? "both" }),
    scalar(
      "VRRP", "VirtualRouterID", "a whole number from 1 to 255",
      fallback: "the last octet of the first address", effect: .restart, sample: "7", \.virtualRouterID,
      read: { number($0, 1...255).map { UInt8($0) } }, write: { "\($0)" }),
    scalar(
      "VRRP", "Priority", "a whole number from 1 to 255, where 255 is the address owner's", sample: "150",
      \.priority, read: { number($0, 1...255).map { UInt8($0) } }, write: { "\($0)" }),
    scalar(
      "VRRP", "AdvertisementIntervalSec", "a time span from 10ms to 40.95s in whole hundredths of a second",
      sample: "200ms", \.advertisementInterval,
      read: { TimeSpan.parse($0).flatMap(AdvertisementInterval.init(exactly:)) },
      write: { TimeSpan.text($0.duration) }),
    scalar(
      "VRRP", "Preempt", "yes, true, on, 1, no, false, off or 0", sample: "no", \.preempt,
      read: boolean, write: { $0 ? "yes" : "no" }),
    scalar(
      "VRRP", "PreemptDelaySec", "a time span from 0 to 1000s", sample: "10s", \.preemptDelay,
      read: { span($0, .zero...(.seconds(1000))) }, write: TimeSpan.text),
    scalar(
      "VRRP", "Version", "3, or 2 for old peers", sample: "2", \.version,
      read: { number($0, 2...3) == 2 ? .v2 : number($0, 2...3).map { _ in .v3 } }, write: { "\($0.rawValue)" }
    ),
    list(
      "VRRP", "Peer", "the IP address of another router, at most 64 times", fallback: "none: multicast",
      sample: "192.168.1.218", \.peers,
      read: { text in IPAddress(text).flatMap { $0.isUsableByHost ? $0 : nil } }),
    scalar(
      "VRRP", "Checksum", "auto, rfc5798 or rfc9568", sample: "rfc9568", \.checksum,
      read: { text in text == "auto" ? .some(nil) : ChecksumForm.allCases.first { "\($0)" == text } },
      write: { $0.map { "\($0)" } ?? "auto" }),
    scalar(
      "VRRP", "Authentication", "a password of 1 to 8 printable ASCII characters without space",
      sample: "secret12", \.authentication, read: { isPassword($0) ? .some($0) : nil }, write: { $0 ?? "" }),
    scalar(
      "Safety", "LeaseSec", "0 for ever, or a time span from 1s to 10min in whole seconds", sample: "10s",
      \.lease, read: { spanOrZero($0, .seconds(1)...(.seconds(600)), step: .seconds(1)) },
      write: { $0.map(TimeSpan.text) ?? "0" }),
    scalar(
      "Safety", "Witness", "strict, lease or off", sample: "off", \.witness,
      read: { text in Parameters.WitnessMode.allCases.first { "\($0)" == text } }, write: { "\($0)" }),
    list(
      "Safety", "Gateway", "auto, none or an IP address, at most 8 times", fallback: "auto",
      sample: "192.168.1.1", \.gateways, unassigned: [.auto], capacity: 8, read: Gateway.init),
    list(
      "Route", "Route",
      "default or a subnet, then via, src, metric and table as in ip-route(8), as in "
        + "default via 192.168.1.1 src 192.168.1.219, at most 64 times",
      sample: "10.0.0.0/8 via 192.168.1.1", \.routes, read: { VirtualRoute($0) }),
    scalar(
      "Announce", "Repeat", "a whole number from 1 to 100", sample: "3", \.announcementRepeat,
      read: { number($0, 1...100) }, write: { "\($0)" }),
    scalar(
      "Announce", "RefreshSec", "0 for never, or a time span from 1s to 1d", sample: "10s", \.refreshInterval,
      read: { spanOrZero($0, .seconds(1)...(.seconds(86400))) }, write: { $0.map(TimeSpan.text) ?? "0" }),
    scalar(
      "Announce", "IntervalSec", "0 for none, or a time span from 100us to 1s", sample: "1ms",
      \.announcementInterval, read: { spanOrZero($0, .microseconds(100)...(.seconds(1))) },
      write: { $0.map(TimeSpan.text) ?? "0" }),
    list(
      track, "Unit", "the whole name of a unit, as in postgresql.service, at most 64 times",
      sample: "nginx.service", \.lastTrack.units, read: { TrackSettings.isUnitName($0) ? $0 : nil }),
    list(
      track, "Interface", "the name of an interface, at most 15 bytes, at most 64 times",
      sample: "eth1", \.lastTrack.interfaces, read: { isInterfaceName($0) ? $0 : nil }),
    list(
      track, "Exec",
      "the absolute path of a program and its arguments, quoted where they contain white space, at most 64 times",
      sample: "/bin/true", \.lastTrack.commands, read: TrackSettings.CommandLine.init),
    scalar(
      track, "IntervalSec", "a time span from 100ms to 1h", sample: "5s", \.lastTrack.interval,
      read: { span($0, .milliseconds(100)...(.seconds(3600))) }, write: TimeSpan.text),
    scalar(
      track, "TimeoutSec", "a time span from 10ms to 10min", sample: "1s", \.lastTrack.timeout,
      read: { span($0, .milliseconds(10)...(.seconds(600))) }, write: TimeSpan.text),
    scalar(
      track, "Rise", "a whole number from 1 to 100", sample: "1", \.lastTrack.rise,
      read: { number($0, 1...100) }, write: { "\($0)" }),
    scalar(
      track, "Fall", "a whole number from 1 to 100", sample: "1", \.lastTrack.fall,
      read: { number($0, 1...100) }, write: { "\($0)" }),
    scalar(
      track, "Penalty", "a whole number from 0 to 253, where 0 means not to own the address at all",
      sample: "20", \.lastTrack.penalty, read: { number($0, 0...253) }, write: { "\($0)" }),
  ]

  private static let addressKey = ConfigurationKey(
    section: "VirtualIP", name: "Address",
    accepted: "an IP address, alone or with a prefix length, as in 192.168.1.219/24 or fd00::219/64",
    fallback: "the address that the instance's name stands for", sample: "192.168.1.220/24", effect: .live,
    assign: { draft, text, origin in
      guard let (address, prefixLength) = addressWithPrefix(text) else { return false }
      draft.addresses.append(Draft.Address(address: address, prefixLength: prefixLength, origin: origin))
      return true
    },
    reset: { $0.addresses = [] },
    values: { $0.addresses.map(\.description) },
    differs: { $0.addresses != $1.addresses },
    copy: {
      $1.addresses = $0.addresses
      $1.hasDerivedAddress = $0.hasDerivedAddress
    })

  private static func scalar<Value: Equatable & Sendable>(
    _ section: String, _ name: String, _ accepted: String, fallback: String? = nil,
    effect: Settings.Change.Effect = .live, sample: String,
    _ field: any WritableKeyPath<Settings, Value> & Sendable,
    read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
  ) -> ConfigurationKey {
    let unassigned = Settings()[keyPath: field]
    let text = write(unassigned)
    return ConfigurationKey(
      section: section, name: name, accepted: accepted, fallback: fallback ?? (text.isEmpty ? "none" : text),
      sample: sample, effect: effect,
      assign: { draft, text, origin in
        guard let value = read(text) else { return false }
        draft.settings[keyPath: field] = value
        draft.settings.origins[draft.settings.qualifiedName(section, name)] = [origin]
        return true
      },
      reset: { draft in
        draft.settings[keyPath: field] = unassigned
        draft.settings.origins[draft.settings.qualifiedName(section, name)] = nil
      },
      values: { settings in
        let text = write(settings[keyPath: field])
        return text.isEmpty ? [] : [text]
      },
      differs: { $0[keyPath: field] != $1[keyPath: field] },
      copy: { $1[keyPath: field] = $0[keyPath: field] })
  }
}

extension ConfigurationKey {
  /// Values of one key: more than anybody has, few enough to be looked through for every packet.
  private static let listCapacity = 64

  /// A key whose assignments add up; those that repeat a value say nothing new.
  private static func list<Value: Hashable & Sendable & CustomStringConvertible>(
    _ section: String, _ name: String, _ accepted: String, fallback: String = "none",
    sample: String, _ field: any WritableKeyPath<Settings, [Value]> & Sendable,
    unassigned: [Value] = [], capacity: Int = listCapacity,
    read: @escaping @Sendable (String) -> Value?
  ) -> ConfigurationKey {
    ConfigurationKey(
      section: section, name: name, accepted: accepted, fallback: fallback, sample: sample, effect: .live,
      assign: { draft, text, origin in
        guard let value = read(text) else { return false }
        let key = draft.settings.qualifiedName(section, name)
        if draft.settings.origins[key] == nil { draft.settings[keyPath: field] = [] }
        if draft.settings[keyPath: field].contains(value) { return true }
        guard draft.settings[keyPath: field].count < capacity else { return false }
        draft.settings[keyPath: field].append(value)
        draft.settings.origins[key, default: []].append(origin)
        return true
      },
      reset: { draft in
        draft.settings[keyPath: field] = unassigned
        draft.settings.origins[draft.settings.qualifiedName(section, name)] = nil
      },
      values: { $0[keyPath: field].map(\.description) },
      differs: { $0[keyPath: field] != $1[keyPath: field] },
      copy: { $1[keyPath: field] = $0[keyPath: field] })
  }
}

// Readers of values: nil is "not accepted".

private func number(_ text: String, _ range: ClosedRange<Int>) -> Int? { Decimal.parse(text.utf8, in: range) }

private func boolean(_ text: String) -> Bool? {
  switch text.lowercased() {
  case "yes", "true", "on", "1": true
  case "no", "false", "off", "0": false
  default: nil
  }
}

private func span(
  _ text: String, _ range: ClosedRange<Duration>, step: Duration = .microseconds(1)
) -> Duration? {
  guard let span = TimeSpan.parse(text), range.contains(span),
    span.wholeMicroseconds % step.wholeMicroseconds == 0
  else { return nil }
  return span
}

/// As `span`, and `.some(nil)` for a span of 0.
private func spanOrZero(
  _ text: String, _ range: ClosedRange<Duration>, step: Duration = .microseconds(1)
) -> Duration?? {
  if TimeSpan.parse(text) == .zero { return .some(nil) }
  return span(text, range, step: step).map { .some($0) }
}

private func addressWithPrefix(_ text: String) -> (IPAddress, Int?)? {
  let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
  guard let address = IPAddress(parts[0]) else { return nil }
  if parts.count == 1 { return (address, nil) }
  guard let length = number(String(parts[1]), 1...address.family.width) else { return nil }
  return (address, length)
}

/// As the kernel's `dev_valid_name()`, and printable.
private func isInterfaceName(_ text: String) -> Bool {
  isLabel(text) && text != "." && text != ".." && !text.utf8.contains(UInt8(ascii: ":"))
}

private func isGroupName(_ text: String) -> Bool {
  text.utf8.count <= 64 && Configuration.isInstanceName(text)
}

/// What fits into the authentication data of version 2 and can be typed.
private func isPassword(_ text: String) -> Bool {
  (1...8).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}

/// What fits `IFNAMSIZ` and cannot be misread in ip(8)'s output.
private func isLabel(_ text: String) -> Bool {
  (1...15).contains(text.utf8.count)
    && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != 0x7F }
}
