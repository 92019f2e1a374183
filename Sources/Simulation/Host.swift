import Internet
import Ownership

/// A host: its kernel's view of the VIP, and the daemon.
struct Host {
  let setup: HostSetup
  var random: Random

  // MARK: Daemon

  var instance: Instance
  var isAlive = false
  /// Counts the daemon's starts and ends: what was meant for an earlier life does not reach a later one.
  var life: UInt16 = 0
  /// Whether a supervisor may still start it.
  var isKilled = false
  /// SIGSTOP; 0 or 1, for one SIGCONT ends it.
  var isFrozen = false
  /// When it last advertised, as its file descriptor store remembers.
  var memory: Instant?
  /// When it last advertised in its present time as Active router.
  var lastSpoke = Time.never
  /// Whether it found the VIP when it started, and has not decided yet what to do with it.
  var isResuming = false
  /// Whose frames are no evidence.
  var knownPeers: Stations = []
  /// How many reasons there are that it must not own the VIP.
  var barred = 0
  /// Whether it was told to stop.
  var isStopping = false
  /// What came while the daemon could not run.
  var waiting: [Occurrence] = []
  /// The instance's deadline, and when the timer occurrence is queued for.
  var deadline: Instant?
  var deadlineTime = Time.never
  var timerQueued = Time.never
  /// The loop is in a system call until then.
  var busyUntil: Time = 0
  var requests = OpenRequests()
  /// Netlink's answers and news keep their order.
  var lastNews: Time = 0
  /// Which addresses the kernel acknowledged to this life of the daemon.
  var acknowledged: AddressSet = []
  /// How often in a row the timer was due again as soon as it was handled.
  var spins = 0
  /// When the kernel began to have addresses while the daemon runs and is not Active.
  var strandedSince = Time.never

  // MARK: Kernel and machine

  var present: AddressSet = []
  var expiry = InlineArray<2, Time>(repeating: .never)
  var expiryQueued = InlineArray<2, Time>(repeating: .never)
  var paused = 0
  var pausedSince: Time = 0
  var linkDown = 0
  var interfaceGone = 0
  var interfaceGeneration = 0

  // MARK: What ails it

  var lateness: Time = 0
  var failingPercent = 0
  var netlinkDelay: Time = 0
  var losingAnswers = 0
  var losingNews = 0

  init(_ setup: HostSetup, number: Int, seed: UInt64, parameters: Parameters) {
    self.setup = setup
    random = Random(seed: seed, stream: UInt64(number) + 10)
    instance = Instance(parameters)
  }

  /// Whether the daemon gets the processor.
  var runs: Bool { isAlive && !isFrozen && paused == 0 }

  /// How long it takes from an event's arrival to its handler.
  mutating func loopLatency() -> Time { random.within(5...60) * .microsecond }
}
