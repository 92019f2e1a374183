import Internet
import Netlink
import Testing

@testable import Host

/// Instances of one host in one group, with connections that work, each on a kernel of its own.
struct Company {
  private(set) var benches: [String: Bench] = [:]
  private(set) var now = at(1000)
  /// Those that do nothing and read nothing, and what waits for them.
  private var frozen: [String: [Input]] = [:]
  /// Messages since the last call of `count`.
  private var messages = 0

  var names: [String] { benches.keys.sorted() }

  static func configuration(_ name: String) -> String {
    """
    [VirtualIP]
    Address=192.168.1.\(name)/24
    Interface=eth0
    Group=web
    [VRRP]
    AdvertisementIntervalSec=1s

    """
  }

  /// Started one after the other, and each Active for want of anybody else.
  init(_ names: [String]) throws {
    for name in names { try start(name) }
    run(for: .seconds(10))
  }

  mutating func start(_ name: String) throws {
    var bench = try Bench(Self.configuration(name), instance: name)
    bench.now = now
    benches[name] = bench
    change(name) { $0.start() }
  }

  /// Does something to one of them, and lets all hear what it says.
  mutating func change(_ name: String, _ body: (inout Bench) throws -> Void) rethrows {
    try act(on: name, body)
    deliver()
  }

  private mutating func act(on name: String, _ body: (inout Bench) throws -> Void) rethrows {
    guard var bench = benches[name] else { return }
    benches[name] = nil
    defer { benches[name] = bench }
    bench.now = now
    try body(&bench)
  }

  mutating func freeze(_ name: String) { frozen[name] = [] }

  mutating func thaw(_ name: String) {
    for input in frozen.removeValue(forKey: name) ?? [] { act(on: name) { $0.handle(input) } }
    deliver()
  }

  /// Its process ends.
  mutating func kill(_ name: String) {
    benches[name] = nil
    frozen[name] = nil
    for other in names { hand(.groupLost(name), to: other) }
    deliver()
  }

  private mutating func hand(_ input: Input, to name: String) {
    if frozen[name] != nil { frozen[name]?.append(input) } else { act(on: name) { $0.handle(input) } }
  }

  private mutating func deliver() {
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      for name in names where frozen[name] == nil {
        for (message, target) in benches[name]?.takeMessages() ?? [] {
          isQuiet = false
          for other in names where other != name && target ?? other == other {
            messages += 1
            hand(.group(message), to: other)
          }
        }
      }
    }
  }

  /// Lets time pass.
  mutating func run(for span: Duration) {
    let end = now + span
    while let next = names.filter({ frozen[$0] == nil }).compactMap({ name in
      benches[name]?.host.deadline.map { (time: max($0, now), name: name) }
    }).min(by: { $0.time < $1.time }), next.time <= end {
      now = next.time
      change(next.name) { $0.handle(.timer) }
    }
    now = end
  }

  /// How many messages were read since the last call.
  mutating func count() -> Int {
    defer { messages = 0 }
    return messages
  }

  func host(_ name: String) throws -> Host { try #require(benches[name]).host }

  /// Those that own their VIPs.
  var owners: [String] { names.filter { benches[$0]?.host.standing.owns == true } }
}
