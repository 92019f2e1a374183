/// Something that will happen at a certain time. Plain bits, so that the heap moves it cheaply.
struct Occurrence {
  enum Kind: UInt8 {
    /// `detail` is the number of the fault in the schedule.
    case faultBegins, faultEnds
    /// A supervisor starts the daemon `target`.
    case launch
    /// The timer of daemon `target` may be due.
    case timer
    /// The frame in slot `detail` reaches station `target`.
    case frame
    /// The frame in slot `detail` reaches daemon `target`.
    case packet
    /// The filter for evidence of daemon `target` let a frame through; `detail` says of whom.
    case evidence
    /// The thread of daemon `target` carries out what comes next.
    case task
    /// The next news, or answer, of its kernel reaches daemon `target`.
    case news, answer
    /// The input in slot `detail` reaches daemon `target`.
    case input
    /// Lifetimes on host `target` may have ended.
    case expiry
    /// What looks after addresses and routes on host `target` does so.
    case manage
    /// Station `target` has something to send.
    case traffic
    /// The forger of the fault `detail` says something.
    case forgery
    /// What daemons say is compared with what is.
    case audit
    /// Somebody must have the VIP.
    case owned
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
  var detail: Int32 = 0

  func comes(before other: Occurrence) -> Bool {
    time != other.time ? time < other.time : sequence < other.sequence
  }
}

extension Occurrence.Kind {
  /// In which order the daemon's loop takes what waited: packets, news of the kernel, answers, and the rest.
  var rank: Int {
    switch self {
    case .frame, .packet, .evidence: 0
    case .news: 1
    case .answer: 2
    default: 3
    }
  }
}

/// A binary heap of what will happen.
struct EventQueue {
  private var heap: [Occurrence] = []
  private var nextSequence: UInt32 = 0

  init() { heap.reserveCapacity(256) }

  mutating func push(_ occurrence: Occurrence) {
    var new = occurrence
    new.sequence = nextSequence
    nextSequence += 1
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

/// Values on their way, in reused slots.
struct Pool<Value> {
  private var values: [Value?] = []
  private var free: [Int32] = []

  mutating func store(_ value: Value) -> Int32 {
    if let slot = free.popLast() {
      values[Int(slot)] = value
      return slot
    }
    values.append(value)
    return Int32(values.count - 1)
  }

  mutating func take(_ slot: Int32) -> Value? {
    let value = values[Int(slot)]
    values[Int(slot)] = nil
    free.append(slot)
    return value
  }
}
