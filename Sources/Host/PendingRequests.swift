import Internet
import Netlink

/// What the kernel was asked for and has not answered yet, in the order of asking.
struct PendingRequests: Hashable, Sendable {
  /// What an answer is about.
  enum Subject: Hashable, Sendable {
    case look
    /// An address, canonical, on the link with this index, whether it is added or removed.
    case address(IPNetwork, linkIndex: Int32)
    /// An address of the VIP, which is removed and added again.
    case replacement(IPNetwork, linkIndex: Int32)
    case route(Route)
    case macvlan(AddressFamily)
    case upness(linkIndex: Int32)
    case removal(linkIndex: Int32)
    /// A setting of the link.
    case setting

    /// The address `network`, whatever prefix length a kernel has it with.
    static func of(_ network: IPNetwork, linkIndex: Int32) -> Subject {
      .address(network.canonical, linkIndex: linkIndex)
    }
  }

  struct Entry: Hashable, Sendable {
    let sequence: UInt32
    let subject: Subject
    /// Whether the subject will be there (up, set) when this is done.
    let isAddition: Bool
  }

  private(set) var all: [Entry] = []
  private var last: UInt32 = 0
  /// How many of them add, remove and replace an address: asked for with every address, of which there may be many.
  private(set) var (additions, removals, replacements) = (0, 0, 0)

  /// Notes a request; its number, which is never 0.
  mutating func open(_ subject: Subject, isAddition: Bool) -> UInt32 {
    last = last == .max ? 1 : last + 1
    let entry = Entry(sequence: last, subject: subject, isAddition: isAddition)
    all.append(entry)
    count(entry, 1)
    return last
  }

  /// The request that was answered; nil if it is not waited for any more.
  mutating func close(_ sequence: UInt32) -> Entry? {
    guard let index = all.firstIndex(where: { $0.sequence == sequence }) else { return nil }
    let entry = all.remove(at: index)
    count(entry, -1)
    return entry
  }

  private mutating func count(_ entry: Entry, _ change: Int) {
    switch entry.subject {
    case .address: if entry.isAddition { additions += change } else { removals += change }
    case .replacement: replacements += change
    default: break
    }
  }

  /// Whether the subject will be there when all is answered; nil if nothing was asked.
  func outcome(_ isSubject: (Subject) -> Bool) -> Bool? { all.last { isSubject($0.subject) }?.isAddition }

  /// As ``outcome(_:)`` of the one subject.
  func outcome(_ subject: Subject) -> Bool? { all.last { $0.subject == subject }?.isAddition }

  func has(_ isWanted: (Entry) -> Bool) -> Bool { all.contains(where: isWanted) }
}

/// When to try again what was refused: soon at first, and ever less often.
struct Retry: Hashable, Sendable {
  private var pause: Duration
  /// When the pause is over; nil if nothing was refused.
  private(set) var deadline: Instant?

  private let shortest: Duration
  private static let longest = Duration.seconds(10)

  init(first shortest: Duration = .milliseconds(100)) {
    self.shortest = shortest
    pause = shortest
  }

  /// It was refused (once more).
  mutating func refused(at now: Instant) {
    deadline = now + pause
    pause = min(pause * 2, Self.longest)
  }

  /// The pause is over: it is tried again. The next refusal is followed by a longer one.
  mutating func end() { deadline = nil }

  /// It was done.
  mutating func succeeded() {
    deadline = nil
    pause = shortest
  }

  /// Whether it may be tried at `now`.
  func allows(at now: Instant) -> Bool { deadline.map { $0 <= now } ?? true }

  /// Whether one attempt was refused, and no more since it was done.
  var isFirst: Bool { pause == shortest * 2 }

  /// Whether the last attempt was refused.
  var isRefused: Bool { deadline != nil || pause != shortest }
}
