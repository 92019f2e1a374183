import Internet

/// Which address of the VIP the witness asks for next.
///
/// In turn, because one address that somebody deleted is not the whole VIP. But an owner need not have all that this
/// host has: a reload came to one of them first. Where it matters whether the owner still has any, only the addresses
/// that it answered for prove something by their silence.
struct WitnessTurn: Hashable, Sendable {
  private var last = 0
  /// Whether nobody has answered for `last` since it was asked for.
  private var isAwaited = false
  /// The addresses that somebody answered for.
  private var answered: AddressSet = []
  /// The addresses that were asked for in vain since somebody answered for any.
  private var missed: AddressSet = []

  /// The address to ask for, of `count`; of those that nobody answers for only if `asksAll`, or nobody answers for any.
  mutating func next(of count: Int, asksAll: Bool) -> Int {
    if isAwaited { missed.insert(AddressSet(index: last)) }
    isAwaited = true
    for _ in 0..<count {
      last = (last + 1) % count
      if asksAll || proves(last) { break }
    }
    return last
  }

  private func proves(_ index: Int) -> Bool {
    answered.isEmpty || answered.contains(AddressSet(index: index))
  }

  /// Somebody answers for the address at `index`, and so not for those that were asked for in vain before.
  mutating func hear(_ index: Int) {
    if index == last { isAwaited = false }
    let address = AddressSet(index: index)
    answered = answered.subtracting(missed).union(address)
    missed = []
  }

  /// The addresses have other indices, by `moved`.
  mutating func readdress(_ moved: (AddressSet) -> AddressSet) {
    self = WitnessTurn(answered: moved(answered), missed: moved(missed))
  }

  init() {}

  private init(answered: AddressSet, missed: AddressSet) {
    self.answered = answered
    self.missed = missed
  }
}
