import Internet

/// Which of the instance's addresses the kernel has, wants answering for, or is about to drop.
///
/// Requests reach the kernel in the order they are sent and netlink's news of a change comes before the
/// acknowledgement is read, so a removal that is followed by an addition is never mistaken for a theft.
struct Holdings: Hashable, Sendable {
  /// Whether this host should have the addresses.
  private(set) var wanted = false
  /// Confirmed by the kernel.
  private(set) var present: AddressSet = []
  /// Asked for, not confirmed yet.
  private(set) var adding: AddressSet = []
  /// Removal asked for, not confirmed yet.
  private(set) var removing: AddressSet = []
  /// When to ask again for a removal that the kernel refused.
  private var removalRetry: Instant?

  /// How long the kernel is left alone after it refused to remove an address.
  static let removalPause = Duration.milliseconds(100)

  /// When `askAgain` is due; an address that is wanted again need not be removed any more.
  var removalDeadline: Instant? { wanted || removing.isEmpty ? nil : removalRetry }

  /// Nothing of ours is left in the kernel, as far as it told.
  var isSettled: Bool { present.isEmpty && adding.isEmpty && removing.isEmpty }

  /// Wants all that can be served; those that are not there yet count as asked for.
  mutating func take(_ servable: AddressSet) {
    wanted = true
    adding = servable.subtracting(present)
  }

  /// An earlier run's addresses are there.
  mutating func adopt(_ found: AddressSet) { present = found }

  mutating func drop(_ all: AddressSet) {
    wanted = false
    removing.formUnion(all)
    removalRetry = nil
    present = []
    adding = []
  }

  /// Other addresses are configured; `moved` tells which of a set are still there, by their new index.
  mutating func readdress(servable: AddressSet, _ moved: (AddressSet) -> AddressSet) {
    present = moved(present)
    removing = moved(removing)
    adding = wanted ? servable.subtracting(present) : []
  }

  /// Other addresses can be served; those of them that were not asked for yet. What is there stays until it vanishes.
  mutating func follow(servable: AddressSet) -> AddressSet {
    guard wanted else { return [] }
    let new = servable.subtracting(present).subtracting(adding)
    adding.formUnion(new)
    return new
  }

  /// `index` is left out until it is asked for again.
  mutating func leaveOut(_ index: Int) { adding.remove(AddressSet(index: index)) }

  /// The interface is gone, and every address with it.
  mutating func lose() { self = Holdings() }

  /// Whether this is the news that `index` is now owned, not just renewed.
  mutating func confirmAddition(_ index: Int) -> Bool {
    guard wanted, adding.remove(AddressSet(index: index)) != nil else { return false }
    present.insert(AddressSet(index: index))
    return true
  }

  /// The kernel refused a removal; whether that is the first time.
  mutating func refuseRemoval(at now: Instant) -> Bool {
    guard removalRetry == nil else { return false }
    removalRetry = now + Self.removalPause
    return true
  }

  mutating func askAgain(at now: Instant) { removalRetry = now + Self.removalPause }

  mutating func confirmRemoval(_ index: Int) { removing.remove(AddressSet(index: index)) }

  /// Whether somebody else took `index` away and it must be added again.
  mutating func noticeLoss(_ index: Int, servable: AddressSet) -> Bool {
    let address = AddressSet(index: index)
    guard removing.remove(address) == nil else { return false }
    present.remove(address)
    guard wanted, servable.contains(address) else { return false }
    adding.insert(address)
    return true
  }

  /// Whether the kernel refused an address that was not there yet.
  func isMissing(_ index: Int) -> Bool { wanted && adding.contains(AddressSet(index: index)) }
}
