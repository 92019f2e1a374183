import Internet
import Neighbor

/// Which address of the VIP the witness asks for next.
///
/// In turn, because one address that somebody deleted is not the whole VIP. But an owner need not have all that this
/// host has: a reload came to one of them first. Where it matters whether the owner still has any, only the addresses
/// that it answered for prove something by their silence. One that it did not answer for while it answered for others
/// may be put back by now: as long as there is such a one, all are asked for twice before the VIP counts as silent.
struct WitnessTurn: Hashable, Sendable {
  private var last = 0
  /// Whether nobody has answered for `last` since it was asked for.
  private var isAwaited = false
  /// Whether all are asked for, in no hurry.
  private var asksAll = true
  /// The addresses that somebody answered for.
  private var answered: AddressSet = []
  /// Those of them that were asked for in vain while others were answered for.
  private var doubted: AddressSet = []
  /// The addresses that were asked for in vain since somebody answered for any.
  private var missed: AddressSet = []

  init() {}

  /// Questions missed in a row after which nobody has the VIP.
  var missesUntilSilent: Int {
    doubted.isEmpty ? Witness.missesUntilSilent : answered.count * Witness.missesUntilSilent
  }

  /// The address to ask for, of `count` and of those that are `askable`; of those that nobody answers for only if
  /// `asksAll`, or nobody answers for any.
  mutating func next(of count: Int, asksAll: Bool, among askable: AddressSet = .all(AddressSet.capacity))
    -> Int
  {
    if isAwaited { missed.insert(AddressSet(index: last)) }
    isAwaited = true
    self.asksAll = asksAll
    let answered = answered.intersection(askable)
    for _ in 0..<count {
      last = (last + 1) % count
      let address = AddressSet(index: last)
      guard askable.contains(address) else { continue }
      if asksAll || answered.isEmpty || answered.contains(address) { break }
    }
    return last
  }

  /// Somebody answers for the address at `index`, and not for those that were asked for in vain before.
  mutating func hear(_ index: Int) {
    let address = AddressSet(index: index)
    if index == last { isAwaited = false }
    let others = missed.intersection(answered).subtracting(address)
    // A second is long enough for the owner to put it back.
    if asksAll { answered.subtract(others.intersection(doubted)) }
    answered.insert(address)
    doubted = doubted.union(others).intersection(answered).subtracting(address)
    missed = []
  }

  /// The addresses have other indices, by `moved`.
  mutating func readdress(_ moved: (AddressSet) -> AddressSet) {
    (isAwaited, last) = (false, 0)
    (answered, doubted, missed) = (moved(answered), moved(doubted), moved(missed))
  }
}
