import Internet
import Netlink

/// A host without its daemons: its kernel, and what befalls the whole machine.
final class Machine {
  let setup: HostSetup
  var random: Random
  let kernel: Kernel
  /// When the kernel looks for lifetimes that are over.
  var expiryQueued = Time.never

  var paused = 0
  var pausedSince: Time = 0
  /// What came while the machine was paused.
  var waiting: [Occurrence] = []
  /// When anything here changed that a daemon must learn of, and what its kernel was like then.
  var disturbed: Time = 0
  var seenVersion = 0
  var seenPresent: UInt32 = 0
  var seenAnswering: UInt32 = 0
  var wasConnected = false

  // MARK: The network card

  var linkDown = 0
  var cardGone = 0
  /// Which of its two cards it has: their hardware addresses differ.
  var card = 0
  var renamed = 0

  // MARK: Addresses and routes of its own

  var lacksAddress = 0
  var readdressed = 0
  var lostFamily = 0
  var lacksRoute = 0
  var reroutedByGateway = 0
  var reroutedByLink = 0

  // MARK: What ails it

  var lateness: Time = 0
  var failingPercent = 0
  var failingRoutes = 0
  var failingSockets = 0
  var netlinkDelay: Time = 0
  /// Somebody else holds RTNL, without which nothing changes and nobody sees anything.
  var lockHeld = 0
  var failingChecks = 0

  init(_ setup: HostSetup, number: Int, seed: UInt64) {
    self.setup = setup
    random = Random(seed: seed, stream: UInt64(number) + 10)
    kernel = Kernel(hardware: Station.hardware(number), promotes: setup.promotes)
  }

  /// Whether the network card is up and there.
  var isConnected: Bool { kernel.isNICUp }
}
