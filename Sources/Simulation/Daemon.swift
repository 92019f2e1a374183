import Configuration
import Host
import Internet
import Netlink
import Ownership
import VRRP

/// One daemon on one host: its process, and what outlives that.
final class Daemon {
  /// The station that it runs on.
  let machine: Int
  /// The VIP that it serves.
  let vip: Int
  var random: Random
  var host: Host
  /// What its files say.
  var files: Settings
  var runtime = RuntimeDirectory()

  // MARK: Process

  var isAlive = false
  /// Counts starts and ends: what was meant for an earlier life does not reach a later one.
  var life: UInt16 = 0
  /// Whether a supervisor may still start it.
  var isKilled = false
  /// SIGSTOP.
  var isFrozen = false
  /// Whether it was told to stop, or to restart.
  var isStopping = false
  var isRestarting = false
  /// A supervisor starts it as soon as it has ended.
  var isAwaited = false
  /// What came while the daemon could not run.
  var waiting: [Occurrence] = []
  /// The host's deadline, and when the timer occurrence is queued for.
  var deadline: Instant?
  var deadlineTime = Time.never
  var timerQueued = Time.never
  /// How often in a row the timer was due again as soon as it was handled.
  var spins = 0
  /// When it was started last, and when it ended.
  var started: Time = 0
  var ended: Time = 0
  /// Since when it runs without having been held up.
  var running: Time = 0

  // MARK: Between it and its kernel

  /// What its thread has to carry out; the first is in the kernel's hands.
  var requests: [KernelTask] = []
  /// What was answered of a batch that is not done yet.
  var unposted: [Input] = []
  /// Whether the loop is woken for them.
  var areUnpostedUrgent = false
  /// Whether an occurrence for the first of them is queued, or waits for a lock that somebody else holds.
  var isTaskQueued = false
  var isBlocked = false
  /// What of that is not told.
  var newsFilter: NewsFilter?
  /// What the kernel told, and answered, in order; occurrences say when it arrives.
  var news: [Input] = []
  var answers: [ComingAnswer] = []
  var lastNews: Time = 0
  var lastAnswer: Time = 0
  var losingNews = 0
  /// News were lost, and it will learn that.
  var isLossTold = false

  // MARK: Network

  var sockets: Sockets?
  /// Counts closings: what was asked to be opened before stays closed.
  var closings = 0
  /// Units that it watches.
  var watched: [String] = []
  var group: String?
  /// The VIPs of the siblings that it has a connection with, by bits; how much of what each said it has not read, and when
  /// it will have read the last of it.
  var connected: UInt8 = 0
  var unread = InlineArray<8, Int>(repeating: 0)
  var lastTold: Time = 0

  // MARK: What the checks remember

  /// Places of the addresses that it knows to be there.
  var known: UInt32 = 0
  /// When it last advertised in its present time as Active router.
  var lastSpoke = Time.never
  /// The interval that it advertised then.
  var spokenInterval: Time = 0
  /// Whether it died or froze while it offered the VIP, or had its removal done: make before break has both serve
  /// then, and only the lease ends that.
  var diedLettingGo = false
  /// Whether it found the VIP when it started, and has not decided yet what to do with it.
  var isResuming = false
  /// When the kernel began to have addresses while the daemon runs and is not Active.
  var strandedSince = Time.never
  /// Operators who wait.
  var callers: [PendingCaller] = []
  var audit = Audit()

  init(_ host: Host, files: Settings, machine: Int, vip: Int, seed: UInt64) {
    self.host = host
    self.files = files
    self.machine = machine
    self.vip = vip
    random = Random(seed: seed, stream: 20 + UInt64(machine) * 8 + UInt64(vip))
  }

  /// How long it takes from an event's arrival to its handler.
  func loopLatency() -> Time { random.within(5...60) * .microsecond }
}

/// An instance's runtime directory.
struct RuntimeDirectory {
  var memory = Host.Memory()
  var role: Role?
  /// Its file system is full.
  var full = 0
}

/// What the thread beside the loop does, because it may have to wait for a lock of the kernel.
struct KernelTask {
  enum Work {
    case request(KernelRequest)
    case open(SocketPlan, closings: Int)
  }

  let sequence: UInt32
  let work: Work
  /// Whether the loop is woken for an answer that is no refusal.
  let isUrgent: Bool
  /// Those of one batch go to the kernel in one datagram, and are answered together.
  let batch: Int
  /// The removal of an address that an Active router's configuration has.
  let isUncalledFor: Bool
  let life: UInt16
}

/// A kernel's answer, and when it can be taken at the earliest: after the news of what was done.
struct ComingAnswer {
  let input: Input
  let time: Time
}

extension Input {
  var isRefusal: Bool {
    if case .answer(_, .refused) = self { true } else { false }
  }
}

extension KernelTask {
  /// Whether both are in one datagram: what is asked for in one go, and of one kind.
  func isTogether(with other: KernelTask) -> Bool {
    guard batch == other.batch, life == other.life, case .request(let one) = work,
      case .request(let another) = other.work
    else { return false }
    return switch (one, another) {
    case (.addAddress, .addAddress), (.removeAddress, .removeAddress), (.addRoute, .addRoute),
      (.removeRoute, .removeRoute):
      true
    default: false
    }
  }
}

/// Somebody who waits for a reply.
struct PendingCaller {
  let caller: Caller
  let since: Time
  /// Whether the daemon has read what he asks for.
  var isHeard = false
}

/// Where a frame came from.
struct HeardFrame {
  let station: Int
  let virtual: UInt8
}

/// A daemon's open sockets.
struct Sockets {
  var plan: SocketPlan
  /// Slots of the addresses whose claims it hears, by family.
  let slots4: UInt8
  let slots6: UInt8
  /// Whose answers it hears, beside those for the VIP.
  var answerers: [IPAddress] = []
  /// Whether the filter for evidence lets a frame through, and whose it does not.
  var isListening = false
  /// Whether it is not woken for frames, and those that it has not looked at.
  var isQuiet = false
  var heard: [HeardFrame] = []
  var excluded: Stations = []
  var excludedVirtual: UInt16 = 0

  init(_ plan: SocketPlan) {
    self.plan = plan
    func slots(_ family: AddressFamily) -> UInt8 {
      var slots: UInt8 = 0
      for router in plan.routers where router.family == family {
        for address in router.addresses {
          if let place = Station.place(address) { slots |= 1 << UInt8(place & 7) }
        }
      }
      return slots
    }
    slots4 = slots(.ipv4)
    slots6 = slots(.ipv6)
  }

  func slots(_ family: AddressFamily) -> UInt8 { family == .ipv4 ? slots4 : slots6 }
}
