import Foundation
import Lab
import Testing

/// packaging/examples/postgresql, as its README says.
@Suite(
  "A PostgreSQL pair", .serialized, .enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(5)))
struct PostgreSQLTests {
  let pair: DatabasePair
  let primary: Container
  let standby: Container

  init() throws {
    pair = try DatabasePair()
    (primary, standby) = (pair.primary, pair.standby)
  }

  @Test("The primary's host loses its power: no acknowledged commit is lost; it comes back as standby")
  func powerOff() throws {
    try expectTakeover("power off") { try primary.powerOff() }
    try primary.boot()
    try expectFormerPrimary()
    try rejoin()
  }

  @Test(
    "The primary's host is cut off: it is stopped before it could be asked again, and comes back as standby")
  func cutOff() throws {
    // Silence means something after three seconds of steady evidence.
    Thread.sleep(forTimeInterval: 5)
    defer { try? primary.unplug(false) }
    try expectTakeover("cut off") { try primary.unplug() }
    try eventually("PostgreSQL is stopped") { try !primary.runsPostgreSQL() }
    try primary.unplug(false)
    try expectFormerPrimary()
    try rejoin()
  }

  @Test("PostgreSQL is killed on the primary: the address follows")
  func crash() throws {
    try expectTakeover("PostgreSQL killed") {
      try primary.shell("kill -KILL $(head -n 1 /var/lib/postgresql/15/main/postmaster.pid)")
    }
    try expectFormerPrimary()
    try rejoin()
  }

  @Test("A handover moves the primary, and stops the old one")
  func handover() throws {
    try expectTakeover("handover") { try DatabasePair.follow("To move the primary", on: primary) }
    try expectFormerPrimary()
    try rejoin()
  }

  @Test("A reboot stops PostgreSQL and then moves the address")
  func reboot() throws {
    try expectTakeover("reboot") { try primary.reboot() }
    try expectFormerPrimary()
    try rejoin()
  }

  @Test("Without the standby nothing is acknowledged, and nobody else takes over, until an operator decides")
  func alone() throws {
    #expect(
      try primary.run(["/usr/local/sbin/vip-postgresql", "alone"]).output.contains("ready to take over"))
    try standby.shell("systemctl stop \(DatabasePair.postgresql)")
    let writer = try Writer(pair.lab)
    Thread.sleep(forTimeInterval: 2)
    #expect(try writer.acknowledged().isEmpty)
    try eventually("its check fails") { try standby.property("StatusText").contains("checks:") }
    #expect(try primary.run(["vipctl", "handover", "219"]).status == 1)
    #expect(try primary.has(Pair.vip))
    try DatabasePair.follow("When the standby stays away", on: primary)
    try writer.waitForCommits()

    // Nothing that was acknowledged meanwhile is there: it must not take over before it has it.
    try standby.shell("systemctl start \(DatabasePair.postgresql)")
    try DatabasePair.waitUntilReady(standby, for: primary)
    #expect(try primary.query("SHOW synchronous_standby_names") == "ANY 1 (standby)")
    try writer.waitForCommits()
    try writer.stop()
    try expectKept(writer, on: standby)
  }

  @Test("When both hosts were off, neither is the primary until an operator says which")
  func bothOff() throws {
    try standby.powerOff()
    try primary.powerOff()
    try primary.boot()
    try standby.boot()
    try eventually("the standby runs") { try standby.runsPostgreSQL() }
    Thread.sleep(forTimeInterval: 3)
    #expect(try pair.lab.owners(of: Pair.vip).isEmpty)
    #expect(try !primary.runsPostgreSQL())
    try DatabasePair.follow("When both were off", on: primary)
    try eventually("it has the address") { try primary.has(Pair.vip) }
    try DatabasePair.waitUntilReady(standby, for: primary)
    let writer = try Writer(pair.lab)
    try writer.waitForCommits()
    try writer.stop()
    try expectKept(writer, on: standby)
  }

  // MARK: Helpers

  /// The standby goes on where the primary ended, while a client writes.
  private func expectTakeover(_ what: String, _ fault: () throws -> Void) throws {
    try primary.query("TRUNCATE log")
    let writer = try Writer(pair.lab)
    try writer.waitForCommits()
    try fault()
    let moved = try writer.acknowledged().count
    do {
      try pair.explained { try writer.waitForCommits(40) }
    } catch {
      throw ContainerFailure("\(error)\n\(try writer.failures().joined(separator: "\n"))")
    }
    try writer.stop()
    try expectKept(writer, on: standby)
    let commits = try writer.acknowledged()
    let pauses = zip(commits, commits.dropFirst()).map { $1.time - $0.time }
    let longest = try #require(pauses.max())
    print("\(what): \(commits.count) commits acknowledged, \(moved) before, the longest pause \(longest) s")
    #expect(longest < 15)
    #expect(try standby.has(Pair.vip))
    #expect(try standby.query("SELECT pg_is_in_recovery()") == "f")
  }

  private func expectKept(_ writer: Writer, on host: Container) throws {
    let acknowledged = try Set(writer.acknowledged().map(\.number))
    let kept = try Set(host.query("SELECT number FROM log").split(separator: "\n").compactMap { Int($0) })
    let failures = try writer.failures()
    #expect(!acknowledged.isEmpty, "\(failures)")
    #expect(acknowledged.subtracting(kept).isEmpty, "\(failures)")
  }

  /// It neither runs nor has the address, and does not start by itself.
  private func expectFormerPrimary() throws {
    try eventually("PostgreSQL is stopped") { try !primary.runsPostgreSQL() }
    _ = try primary.run(["systemctl", "start", DatabasePair.postgresql])
    #expect(try !primary.runsPostgreSQL())
    #expect(try !primary.has(Pair.vip))
    try eventually("its check fails") { try primary.property("StatusText").contains("checks:") }
    #expect(try standby.run(["vipctl", "handover", "219"]).status == 1)
    #expect(try standby.has(Pair.vip))
  }

  private func rejoin() throws {
    try pair.explained { try DatabasePair.follow("When a former primary is back", on: primary) }
    try DatabasePair.waitUntilReady(primary, for: standby)
    #expect(try primary.query("SELECT pg_is_in_recovery()") == "t")
  }
}

extension Container {
  /// Whether a server has the cluster's files.
  fileprivate func runsPostgreSQL() throws -> Bool {
    try run(["pg_lsclusters", "--no-header"]).output.contains(" online")
  }
}
