import Internet

/// What must go and is not looked after by anybody else, until it is gone.
struct Removals<Thing: Hashable & Sendable>: Hashable, Sendable {
  struct Entry: Hashable, Sendable {
    let thing: Thing
    var retry = Retry()
  }

  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  func contains(_ thing: Thing) -> Bool { entries.contains { $0.thing == thing } }

  /// One entry each: the kernel's answer is to all requests for the same.
  mutating func insert(_ thing: Thing) {
    if !contains(thing) { entries.append(Entry(thing: thing)) }
  }

  mutating func removeAll(where isDone: (Thing) -> Bool) { entries.removeAll { isDone($0.thing) } }

  /// The kernel refused to remove `thing`; when to ask again, or nil if it need not go.
  mutating func refused(_ thing: Thing, at now: Instant) -> Retry? {
    guard let index = entries.firstIndex(where: { $0.thing == thing }) else { return nil }
    entries[index].retry.refused(at: now)
    return entries[index].retry
  }
}
