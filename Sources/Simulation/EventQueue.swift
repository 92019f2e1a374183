/// Something that will happen at a certain time. Plain bits, so that the heap moves it cheaply.
struct Occurrence {
  enum Kind: UInt8 {
    /// `detail` is the number of the fault in the schedule.
    case faultBegins, faultEnds
    /// A supervisor starts the daemon on host `target`.
    case launch
    /// The daemon's timer may be due on host `target`.
    case timer
    /// The frame in slot `detail` reaches station `target`.
    case frame
    /// The filter for evidence on host `target` let a frame of station `detail` through.
    case evidence
    /// The kernel of `target` carries out what its daemon asked; `index` is the address.
    case add, remove
    /// Answers of the kernel of `target`; `detail` is an errno.
    case added, addFailed, removed, removeFailed
    /// Netlink news on host `target`.
    case vanished, link
    /// The daemon on host `target` learns that such answers, or such news, did not reach it.
    case answersLost, newsLost
    /// The lifetime of address `index` on host `target` may have ended.
    case expiry
    /// Station `target` has something to send.
    case traffic
    /// The forger of the fault `detail` says something.
    case forgery
    /// From now on everything must be settled.
    case settled
    case end
  }

  var time: Time
  /// Breaks ties: what was scheduled first happens first.
  var sequence: UInt32 = 0
  var kind: Kind
  var target: UInt8 = 0
  var index: UInt8 = 0
  /// Which life of the daemon this is for; what is meant for an earlier one is void.
  var life: UInt16 = 0
  /// Which request of the daemon is carried out or answered.
  var request: UInt16 = 0
  var detail: Int32 = 0

  func comes(before other: Occurrence) -> Bool {
    time != other.time ? time < other.time : sequence < other.sequence
  }
}

/// A binary heap of what will happen.
struct EventQueue {
  private var heap: [Occurrence] = []
  private var nextSequence: UInt32 = 0

  init() { heap.reserveCapacity(1024) }

  mutating func removeAll() {
    heap.removeAll(keepingCapacity: true)
    nextSequence = 0
  }

  mutating func push(_ occurrence: Occurrence) {
    var new = occurrence
    new.sequence = nextSequence
    nextSequence += 1
    putBack(new)
  }

  /// Puts back what was popped, perhaps for a later time, but before what was scheduled after it.
  mutating func putBack(_ new: Occurrence) {
    var hole = heap.count
    heap.append(new)
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard new.comes(before: heap[parent]) else { break }
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = new
  }

  mutating func pop() -> Occurrence? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count && heap[child + 1].comes(before: heap[child]) { child += 1 }
      guard heap[child].comes(before: last) else { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = last
    return first
  }
}
