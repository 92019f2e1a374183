/// What a daemon has asked its kernel for without having an answer yet, in the order of asking.
struct OpenRequests {
  struct Request {
    /// Netlink's sequence number.
    let number: UInt16
    let isAddition: Bool
    let index: Int
  }

  private var all: [Request] = []
  private var last: UInt16 = 0

  /// Notes a request; its number, which is never 0.
  mutating func open(isAddition: Bool, _ index: Int) -> UInt16 {
    last = last == .max ? 1 : last + 1
    all.append(Request(number: last, isAddition: isAddition, index: index))
    return last
  }

  /// Whether the answer to `number` was still waited for.
  mutating func close(_ number: UInt16) -> Bool {
    guard let place = all.firstIndex(where: { $0.number == number }) else { return false }
    all.remove(at: place)
    return true
  }

  /// Waits for none of them any more.
  mutating func closeAll() -> [Request] {
    defer { all.removeAll(keepingCapacity: true) }
    return all
  }
}
