/// Whether this host may own the VIP, as its checks see it.
public enum Fitness: Hashable, Sendable {
  /// Every check passes, or has not shown the contrary.
  case fit
  /// It may, with its priority lowered by this much, 1 or more.
  case penalized(Int)
  /// It must not own the VIP.
  case unfit

  /// The priority that an instance of `configured` priority, 1 to 255, takes part with: at least 1.
  public func priority(configured: UInt8) -> UInt8 {
    guard case .penalized(let penalty) = self else { return configured }
    return UInt8(max(1, Int(configured) - penalty))
  }
}
