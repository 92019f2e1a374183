import Internet

/// Whose answers are heard: of those that were asked, beside what is said of the VIP.
///
/// The kernel hands everything else that is sent to this host to nobody: it is for the other instances.
struct Answerers: Hashable, Sendable {
  /// The latest last.
  private(set) var all: [IPAddress] = []

  /// More than are asked at a time: peers, references, and addresses that a proxy is tried with.
  private static let capacity = 32

  /// `address` is to be asked; whether it was not heard so far.
  mutating func insert(_ address: IPAddress) -> Bool {
    if all.contains(address) { return false }
    if all.count == Self.capacity { all.removeFirst() }
    all.append(address)
    return true
  }

  /// `address` need not be heard; whether it was.
  mutating func remove(_ address: IPAddress) -> Bool {
    guard let index = all.firstIndex(of: address) else { return false }
    all.remove(at: index)
    return true
  }
}
