import Internet
import Ownership
import VRRP

/// Why a text is not a case.
public struct CaseTextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// 1 for the first line.
  public let line: Int
  let text: String

  /// For a person.
  public var description: String { "line \(line) is not understood: \(text)" }
}

extension Case: CustomStringConvertible {
  /// The text that `init(parsing:)` reads: everything there is to know of the case.
  public var description: String {
    var lines = ["seed \(seed)", network.text]
    lines += network.clients.map { "client period=\(TimeText.format($0))" }
    lines += hosts.map(\.text)
    lines += faults.map(\.text)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The case that a text describes. Empty lines and what follows `#` are ignored.
  ///
  /// - Throws: if a line is not understood.
  public init(parsing text: String) throws(CaseTextError) {
    self.init(seed: 0, hosts: [], network: NetworkSetup(), faults: [])
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      let words = (line.split(separator: "#", omittingEmptySubsequences: false).first ?? "").split(
        separator: " ")
      guard !words.isEmpty else { continue }
      guard take(words) else { throw CaseTextError(line: number, text: String(line)) }
    }
    guard !hosts.isEmpty else { throw CaseTextError(line: number, text: "no host") }
  }

  private mutating func take(_ words: [Substring]) -> Bool {
    switch words[0] {
    case "seed" where words.count == 2:
      guard let seed = UInt64(words[1]) else { return false }
      self.seed = seed
      return true
    case "network": return network.take(words.dropFirst())
    case "client":
      var period: Time = 0
      let known = Fields.read(words.dropFirst()) { key, value in
        key == "period" && Fields.set(&period, TimeText.parse(value))
      }
      network.clients.append(period)
      return known && period > 0 && network.clients.count <= 2
    case "host":
      var host = HostSetup()
      guard hosts.count < Station.maxHosts, host.take(words.dropFirst()) else { return false }
      hosts.append(host)
      return true
    case "at":
      guard let fault = Fault(words) else { return false }
      faults.append(fault)
      return true
    default: return false
    }
  }
}

/// `key=value` words.
private enum Fields {
  static func read(_ words: ArraySlice<Substring>, _ take: (Substring, Substring) -> Bool) -> Bool {
    words.allSatisfy { word in
      let parts = word.split(separator: "=", maxSplits: 1)
      return parts.count == 2 && take(parts[0], parts[1])
    }
  }

  static func set<Value>(_ place: inout Value, _ value: Value?) -> Bool {
    guard let value else { return false }
    place = value
    return true
  }

  static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
    Int(text).flatMap { range.contains($0) ? $0 : nil }
  }

  static func flag(_ text: Substring) -> Bool? { text == "yes" ? true : text == "no" ? false : nil }

  static func text(_ flag: Bool) -> String { flag ? "yes" : "no" }
}

extension NetworkSetup {
  fileprivate var text: String {
    "network delay=\(TimeText.format(delay)) jitter=\(TimeText.format(jitter)) gateway=\(gateway.rawValue)"
      + " gateway-delay=\(TimeText.format(gatewayDelay)) proxy=\(Fields.text(gatewayIsProxy))"
      + " reference=\(reference.rawValue)"
      + " chatter=\(TimeText.format(chatter)) instances=\(instances) group=\(Fields.text(isGrouped))"
      + " addresses=\(addressCount) wire=\(Fields.text(onTheWire))"
      + " family=\(families.map(\.word).joined(separator: "+"))"
      + " partial=\(Fields.text(isPartial))"
      + " narrow=\(Fields.text(isNarrow)) routes=\(routes) virtual-mac=\(Fields.text(virtualMAC))"
      + " unicast=\(Fields.text(unicast)) penalty=\(penalty.map { "\($0)" } ?? "none")"
  }

  private static func families(_ text: Substring) -> [AddressFamily]? {
    let names: [Substring: [AddressFamily]] = [
      "ipv4": [.ipv4], "ipv6": [.ipv6], "ipv4+ipv6": [.ipv4, .ipv6], "ipv6+ipv4": [.ipv6, .ipv4],
    ]
    return names[text]
  }

  fileprivate mutating func take(_ words: ArraySlice<Substring>) -> Bool {
    Fields.read(words) { key, value in
      switch key {
      case "delay": Fields.set(&delay, TimeText.parse(value))
      case "jitter": Fields.set(&jitter, TimeText.parse(value))
      case "gateway": Fields.set(&gateway, Gateway(rawValue: String(value)))
      case "gateway-delay": Fields.set(&gatewayDelay, TimeText.parse(value))
      case "proxy": Fields.set(&gatewayIsProxy, Fields.flag(value))
      case "reference": Fields.set(&reference, Reference(rawValue: String(value)))
      case "chatter": Fields.set(&chatter, TimeText.parse(value))
      case "wire": Fields.set(&onTheWire, Fields.flag(value))
      default: takeInstance(key, value)
      }
    }
  }

  private mutating func takeInstance(_ key: Substring, _ value: Substring) -> Bool {
    switch key {
    case "instances": Fields.set(&instances, Fields.number(value, 1...Station.maxInstances))
    case "group": Fields.set(&isGrouped, Fields.flag(value))
    case "addresses": Fields.set(&addressCount, Fields.number(value, 1...2))
    case "family": Fields.set(&families, Self.families(value))
    case "partial": Fields.set(&isPartial, Fields.flag(value))
    case "narrow": Fields.set(&isNarrow, Fields.flag(value))
    case "routes": Fields.set(&routes, Fields.number(value, 0...3))
    case "virtual-mac": Fields.set(&virtualMAC, Fields.flag(value))
    case "unicast": Fields.set(&unicast, Fields.flag(value))
    case "penalty" where value == "none": Fields.set(&penalty, .some(nil))
    case "penalty": Fields.set(&penalty, Fields.number(value, 0...253))
    default: false
    }
  }
}

extension HostSetup {
  fileprivate var text: String {
    "host kind=\(isPlain ? "plain" : "vipd") priority=\(priority)"
      + " interval=\(TimeText.format(interval.duration.time)) preempt=\(Fields.text(preempts))"
      + " preempt-delay=\(TimeText.format(preemptDelay))"
      + " lease=\(TimeText.format(lease ?? 0)) witness=\(witness)"
      + " remembers=\(Fields.text(remembers)) promotes=\(Fields.text(promotes)) start=\(TimeText.format(start))"
  }

  fileprivate mutating func take(_ words: ArraySlice<Substring>) -> Bool {
    Fields.read(words) { key, value in
      switch key {
      case "kind":
        Fields.set(&isPlain, value == "plain" ? true : value == "vipd" ? false : nil)
      case "priority": Fields.set(&priority, UInt8(value))
      case "interval":
        Fields.set(
          &interval,
          TimeText.parse(value).flatMap { AdvertisementInterval(exactly: .nanoseconds($0)) })
      case "preempt": Fields.set(&preempts, Fields.flag(value))
      case "preempt-delay": Fields.set(&preemptDelay, TimeText.parse(value))
      case "lease": Fields.set(&lease, TimeText.parse(value).map { $0 == 0 ? nil : $0 })
      case "witness":
        Fields.set(&witness, Parameters.WitnessMode.allCases.first { "\($0)" == value })
      case "remembers": Fields.set(&remembers, Fields.flag(value))
      case "promotes": Fields.set(&promotes, Fields.flag(value))
      case "start": Fields.set(&start, TimeText.parse(value))
      default: false
      }
    }
  }
}

extension Fault {
  var text: String {
    var text = "at \(TimeText.format(start)) \(kind.rawValue) \(stations.text)"
    if instance != 0 { text += " of \(instance)" }
    if amount != 0 { text += " \(kind.amountIsTime ? TimeText.format(amount) : String(amount))" }
    if length != 0 { text += " for \(TimeText.format(length))" }
    return text
  }

  /// `at TIME KIND STATIONS [of NUMBER] [AMOUNT] [for TIME]`
  fileprivate init?(_ words: [Substring]) {
    guard words.count >= 4, let start = TimeText.parse(words[1]), let kind = Kind(rawValue: String(words[2])),
      let stations = Stations(text: words[3])
    else { return nil }
    self.init(kind: kind, stations: stations, start: start)
    var rest = words.dropFirst(4)
    if rest.first == "of" {
      guard let word = rest.dropFirst().first, let number = Fields.number(word, 1...Station.maxInstances)
      else {
        return nil
      }
      instance = number
      rest = rest.dropFirst(2)
    }
    if let word = rest.first, word != "for" {
      guard let amount = kind.amountIsTime ? TimeText.parse(word) : Int64(word), amount >= 0 else {
        return nil
      }
      self.amount = amount
      rest = rest.dropFirst()
    }
    if rest.first == "for" {
      guard rest.count == 2, let word = rest.last, let length = TimeText.parse(word) else { return nil }
      self.length = length
      rest = []
    }
    guard rest.isEmpty else { return nil }
  }
}
