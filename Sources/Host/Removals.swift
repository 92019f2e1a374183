import Internet
import Netlink

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

  /// The kernel refused to remove `thing`; nil if it need not go.
  mutating func refused(_ thing: Thing, at now: Instant) -> Refusal? {
    guard let index = entries.firstIndex(where: { $0.thing == thing }) else { return nil }
    return Refusal(of: &entries[index].retry, at: now)
  }
}

/// When to ask again for a removal that was refused.
struct Refusal: Hashable, Sendable {
  let retry: Retry
  /// Whether it was not refused before.
  let isFirst: Bool

  /// `retry` was refused (once more).
  init(of retry: inout Retry, at now: Instant) {
    isFirst = !retry.isRefused
    retry.refused(at: now)
    self.retry = retry
  }
}

extension Host {
  /// Has what could not be removed looked at again, and says so once.
  mutating func followUp(_ removal: Refusal?, _ why: KernelRefusal, into effects: inout Effects) {
    guard let removal else { return }
    if removal.isFirst { effects.append(.notice(.kernelRefused(why))) }
    schedule(removal.retry)
  }
}
