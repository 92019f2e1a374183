import Internet
import Testing
import VRRP

@testable import Configuration

/// RFC 3768, with the authentication of RFC 2338 that old routers still use.
@Suite struct VersionTwo {
  private func router(password: String? = nil, seconds: Int = 1) throws -> VirtualRouter {
    VirtualRouter(
      id: 219, addresses: [vip], version: .v2, interval: try interval(100 * seconds),
      password: password.map { Array($0.utf8) })
  }

  @Test("v2.1. RFC 3768 §5.3: version 2, type 1, whole seconds; the checksum covers the message alone")
  func message() throws {
    for seconds in [1, 2, 40] {
      let message = try router(seconds: seconds).message(100)
      #expect(message.prefix(6) == [0x21, 219, 100, 1, 0, UInt8(seconds)])
      #expect(Array(message[8...]) == [192, 168, 1, 219, 0, 0, 0, 0, 0, 0, 0, 0])
      #expect(internetChecksum(message) == 0)
      #expect(
        try router(seconds: seconds).receive(message).advertisement.interval.duration == .seconds(seconds))
    }
    #expect(throws: ConfigurationError.self) {
      try configured("[VRRP]\nVersion=2\nAdvertisementIntervalSec=1500ms")
    }
    #expect(try configured("[VRRP]\nVersion=2").advertisementInterval == .second)
  }

  @Test("v2.2. RFC 3768 §7.1: another interval is discarded")
  func intervalMismatch() throws {
    let (own, other) = (try router(seconds: 1), try router(seconds: 2))
    #expect(throws: Discard.interval) { try own.receive(other.message()) }
    #expect(throws: Discard.interval) { try other.receive(own.message()) }
  }

  @Test(
    "v2.3. RFC 3768 §5.3.6: authentication type 0, with authentication data that is zero and not looked at")
  func noAuthentication() throws {
    let router = try router()
    #expect(try router.receive(router.altered([12: 7, 19: 7])).advertisement.priority == 100)
    #expect(throws: Discard.authentication) { try router.receive(router.altered([4: 1])) }
    #expect(throws: Discard.truncated) {
      try router.receive(router.altered([:], in: Array(router.message().prefix(18))))
    }
  }

  @Test("v2.4. RFC 2338 §5.3.6, §10.2: a simple text password for old routers; another one is discarded")
  func simpleTextPassword() throws {
    let (ours, theirs, none) = (try router(password: "secret"), try router(password: "secreT"), try router())
    #expect(ours.message()[4] == 1)
    #expect(ours.message().suffix(8) == Array("secret".utf8) + [0, 0])
    #expect(throws: Never.self) { try ours.receive(ours.message()) }
    #expect(throws: Discard.authentication) { try ours.receive(theirs.message()) }
    #expect(throws: Discard.authentication) { try ours.receive(none.message()) }
    #expect(throws: Discard.authentication) { try none.receive(ours.message()) }
  }

  @Test("v2.5. RFC 3768 §6.1: Skew_Time = (256 - priority) / 256 seconds, whatever the interval")
  func skewTime() throws {
    for seconds in [1, 3] {
      var backup = Election.backup(interval: try interval(100 * seconds), version: .v2)
      #expect(backup.deadline == at(3000 * Double(seconds) + 609.375))
      _ = backup.hear(0, at: at(100))
      #expect(backup.deadline == at(100 + 609.375))
    }
  }

  @Test("v2.6. RFC 3768 §1: version 2 is for IPv4 only")
  func noIPv6() {
    #expect(throws: ConfigurationError.self) {
      try configured("[VirtualIP]\nAddress=fd00::219/64\n[VRRP]\nVersion=2\nAdvertisementIntervalSec=1s")
    }
  }
}
