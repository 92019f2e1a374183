import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// An owner with a standby and a gateway, and what its sockets let through: answers of who is heard, and frames of the
/// gateway, at once or with the next timer.
private struct Owner {
  var driver = Driver(gateway: gateway, isolation: true)
  /// Whether the gateway answers, how often it speaks unasked, and when the standby asks.
  var isConnected = true
  var chatter: Duration?
  private(set) var questions = 0
  private(set) var wakeups = 0
  private(set) var released: Instant?
  private(set) var ignores = false
  var hasStandby = true
  private(set) var hears: [IPAddress] = []
  /// Nil while the filter is shut.
  private var isUrgent: Bool?
  private var waits = 0
  private var nextChatter: Instant?
  private var nextStandby = at(0)

  init() {
    perform(driver.handle(.link(.ready(ownIdentity))))
    run(for: .seconds(20))
    (questions, wakeups) = (0, 0)
  }

  mutating func run(for span: Duration) {
    let end = driver.now + span
    nextChatter = chatter.map { driver.now + $0 }
    while true {
      let timer = driver.instance.deadline ?? end
      let next = min(timer, nextStandby, nextChatter ?? end)
      guard next < end else { break }
      driver.now = max(next, driver.now)
      if nextStandby <= driver.now {
        nextStandby = driver.now + .seconds(1)
        if isConnected && hasStandby { wake(.neighbor(standbyQuestion)) }
      } else if let due = nextChatter, due <= driver.now {
        nextChatter = driver.now + (chatter ?? .zero)
        frame()
      } else {
        for _ in 0..<waits { perform(driver.handle(.frame(from: gatewayHardware))) }
        waits = 0
        wake(.timer)
      }
    }
    driver.now = end
  }

  private mutating func wake(_ event: Event) {
    wakeups += 1
    perform(driver.handle(event))
  }

  private mutating func frame() {
    guard isConnected, let isUrgent else { return }
    if !isUrgent {
      waits = min(waits + 1, 3)
      return
    }
    self.isUrgent = nil
    wake(.frame(from: gatewayHardware))
  }

  private mutating func perform(_ actions: [Action]) {
    for action in actions {
      switch action {
      case .add(let set): set.forEach { perform(driver.handle(.added(index: $0))) }
      case .remove: released = released ?? driver.now
      case .hearAnswers(let answerers): hears = answerers
      case .listenForEvidence(_, let attention):
        isUrgent = attention != .resting
        ignores = false
        waits = 0
      case .ignoreEvidence: ignores = true
      case .ask(let packet, _) where packet.target == gateway:
        questions += 1
        guard isConnected else { break }
        frame()
        if packet.sender == vip || hears.contains(gateway) { wake(.neighbor(answer(to: packet.sender))) }
      default: break
      }
    }
  }

  private func answer(to target: IPAddress) -> NeighborPacket {
    NeighborPacket(
      operation: .reply, senderHardware: gatewayHardware, sender: gateway, targetHardware: ownHardware,
      target: target)
  }

  private var standbyQuestion: NeighborPacket {
    .request(
      for: vip, from: peer, at: peerHardware,
      standby: StandbyMark(virtualRouterID: 219, priority: 100, isReady: true))
  }
}

@Suite struct RestTests {
  /// Ten Advertisements a second, two renewals of which some go with them, one question of the standby, and once in ten
  /// seconds what the gateway answers to the VIP.
  @Test func anIdleOwnerIsNotWokenForEvidence() {
    var owner = Owner()
    owner.run(for: .seconds(10))
    #expect(owner.released == nil)
    #expect((90...110).contains(owner.questions))
    #expect(owner.wakeups <= 130, "\(owner.wakeups)")
  }

  @Test func whatOthersAskedForIsEvidence() {
    var owner = Owner()
    owner.chatter = .milliseconds(15)
    owner.run(for: .seconds(2))
    let questions = owner.questions
    owner.run(for: .seconds(10))
    #expect(owner.released == nil)
    // As the VIP, that the gateway reaches it.
    #expect(owner.questions - questions <= 3)
    // Nobody else asks any more.
    owner.chatter = nil
    owner.run(for: .seconds(10))
    #expect(owner.released == nil)
    #expect(owner.questions - questions >= 90)
  }

  /// Nobody takes over from it: it has nothing to prove.
  @Test func whoHasNoStandbyListensToNobody() {
    var owner = Owner()
    owner.run(for: .seconds(2))
    #expect(!owner.ignores)
    owner.hasStandby = false
    owner.run(for: .seconds(10))
    #expect(owner.ignores && owner.released == nil)
    // What the gateway answers to other instances wakes nobody.
    #expect(!owner.hears.contains(gateway))
    owner.hasStandby = true
    owner.run(for: .seconds(2))
    #expect(!owner.ignores)
  }

  /// Who asks as often as it may has no question left when it is in earnest, and lets go too late.
  @Test func whatAReferenceOnceSaidUnaskedLeavesQuestionsForNeed() {
    var reference = Reference(gateway)
    var demand = Demand(window: .milliseconds(19), since: nil, start: at(0))
    var (now, questions) = (at(0), 0)
    while now < at(10_000) {
      now = max(now, reference.deadline(demand))
      reference.noteQuestion(at: now)
      questions += 1
      now = now + .microseconds(200)
      reference.hearAnswer(at: gatewayHardware, now)
      // To another instance, this time only.
      if questions == 1 { reference.hearAnswer(at: gatewayHardware, now + .microseconds(100)) }
      demand.since = now + .milliseconds(1)
      #expect(reference.deadline(demand) == demand.since, "\(questions)")
      demand.since = nil
    }
    #expect((140...145).contains(questions))
  }

  /// What the references say is enough, and when they are asked is known.
  @Test func whoAsksReferencesListensAMomentBefore() {
    var isolation = Isolation()
    isolation.follow([gateway])
    _ = isolation.listen(within: .milliseconds(200), since: nil, at: at(0))
    isolation.hearAnswer(of: gateway, at: gatewayHardware, at(0))
    _ = isolation.listen(within: .seconds(20), since: nil, at: at(100))
    #expect(isolation.isAtEase(at: at(100)))
    let early = isolation.reopen(at: at(8000))
    #expect(early == nil)
    let attention = isolation.reopen(at: at(9000))
    #expect(attention == .once)
    #expect(isolation.deadline == at(10_000))
  }

  /// Every frame of the host is offered to whoever listens to all: he closes his ears where he need not hear for a while.
  @Test(arguments: [(20_000, .once), (1900, .once), (190, .again)] as [(Int, Attention)])
  func whoWantsOneFrameInAWhileListensOnce(window: Int, attention: Attention) {
    var isolation = Isolation()
    let isNew = isolation.listen(within: .milliseconds(window), since: nil, at: at(0))
    #expect(isNew)
    let times = [0, Double(window), 2 * Double(window)].map { at($0) }
    let first = isolation.reopen(at: times[0])
    #expect(first == attention)
    let again = isolation.reopen(at: times[1])
    #expect(again == nil)
    isolation.hearFrame(from: gatewayHardware, at: times[1])
    let later = isolation.reopen(at: times[2])
    #expect(later == attention)
  }

  /// Whenever it happens, the others wait for three intervals from the last Advertisement before.
  @Test(arguments: 0..<40) func whoIsCutOffLetsGoBeforeOthersTakeOver(step: Int) throws {
    var owner = Owner()
    owner.run(for: .milliseconds(1000) + .microseconds(Int64(step) * 2500))
    let last = try #require(owner.driver.instance.phase.activity?.lastAdvertised)
    owner.isConnected = false
    owner.run(for: .seconds(2))
    let released = try #require(owner.released)
    #expect(released - last < .milliseconds(300))
  }
}
