/// A station's link to the switch and what ails it. Counters, since faults may overlap.
struct Cable {
  var random: Random

  var muted = 0
  var deafened = 0
  /// No carrier.
  var dark = 0
  /// Carrier is back, the port does not forward yet.
  var converging = 0

  var loss = 0
  var heavyLoss = 0
  var duplication = 0
  var delay: Time = 0
  var jitter: Time = 0

  var blocksOut = Blocked()
  var blocksIn = Blocked()
  /// To whom the last frame of each kind was lost.
  private var lostBefore = InlineArray<4, Stations>(repeating: [])

  struct Blocked {
    /// Advertisements over IPv4 and over IPv6.
    var vrrp = 0
    var vrrp6 = 0
    var arp = 0

    func blocks(_ kind: Frame.Kind) -> Bool {
      switch kind {
      case .vrrp: vrrp > 0
      case .vrrp6: vrrp6 > 0
      case .arp: arp > 0
      case .other: false
      }
    }
  }

  init(seed: UInt64, station: Int) { random = Random(seed: seed, stream: 100 + UInt64(station)) }

  var sends: Bool { muted == 0 && dark == 0 && converging == 0 }
  var receives: Bool { deafened == 0 && dark == 0 && converging == 0 }

  /// Whether a frame to `receiver` is lost, where `heavyLoss` and `loss` percent are.
  mutating func loses(_ kind: Frame.Kind, to receiver: Int, heavyLoss: Int, loss: Int) -> Bool {
    if random.chance(heavyLoss) { return true }
    guard loss > 0 else { return false }
    let target = Stations(receiver)
    if lostBefore[kind.rawValue].contains(target) || !random.chance(loss) {
      lostBefore[kind.rawValue].remove(target)
      return false
    }
    lostBefore[kind.rawValue].insert(target)
    return true
  }
}
