/// A small generator (Steele, Lea, Flood 2014) whose numbers are the same in every process and on every machine. Nothing
/// that must be secret may come from it.
@frozen
public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
  /// What the next number follows from.
  public var state: UInt64

  /// A generator that begins with `state`.
  @inlinable public init(state: UInt64) { self.state = state }

  /// The next number.
  @inlinable public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
