import Control
import Host
import Testing

@testable import Metrics

@Suite struct ExpositionTests {
  private func status() -> InstanceStatus {
    var status = InstanceStatus()
    status.instance = "219"
    status.addresses = ["192.168.1.219/24", "fd00::219/64"]
    status.state = "active"
    status.since = 1_700_000_000_000_123
    status.owns = true
    status.priority = 100
    status.interval = 100_000
    status.counters = [
      .init("advertisements_sent", 7), .init("became_active", 2), .init("discarded_checksum", 1),
    ]
    var peer = InstanceStatus.Peer()
    peer.address = "192.168.1.218"
    peer.lastSeen = 1_700_000_000_500_000
    peer.standsBy = true
    peer.isReady = true
    status.peers = [peer]
    return status
  }

  private func lines(_ exposition: Exposition, _ instances: [HostMetrics.Instance]) -> [Substring] {
    HostMetrics(instances).text(exposition).split(separator: "\n")
  }

  @Test func samplesHaveTheirLabels() {
    let lines = lines(.openMetrics, [.init(name: "219", status: status())])
    for line in [
      "vip_up{vip=\"219\"} 1", "vip_owned{vip=\"219\",address=\"192.168.1.219\"} 1",
      "vip_owned{vip=\"219\",address=\"fd00::219\"} 1", "vip_state{vip=\"219\",state=\"active\"} 1",
      "vip_state{vip=\"219\",state=\"backup\"} 0",
      "vip_state_since_timestamp_seconds{vip=\"219\"} 1700000000.000123", "vip_standbys{vip=\"219\"} 1",
      "vip_peer_last_seen_timestamp_seconds{vip=\"219\",peer=\"192.168.1.218\"} 1700000000.500000",
      "vip_advertisements_sent_total{vip=\"219\"} 7", "vip_transitions_total{vip=\"219\",state=\"active\"} 2",
      "vip_discarded_packets_total{vip=\"219\",reason=\"checksum\"} 1",
      "vip_advertisement_interval_seconds{vip=\"219\"} 0.100000",
    ] {
      #expect(lines.contains { $0 == line }, "\(line)")
    }
    #expect(lines.last == "# EOF")
  }

  @Test func countersAreNamedAsEachFormatWants() {
    let instances = [HostMetrics.Instance(name: "219", status: status())]
    #expect(lines(.openMetrics, instances).contains("# TYPE vip_advertisements_sent counter"))
    #expect(lines(.text, instances).contains("# TYPE vip_advertisements_sent_total counter"))
    #expect(lines(.openMetrics, instances).contains("# UNIT vip_lease_seconds seconds"))
    #expect(!lines(.text, instances).contains { $0.hasPrefix("# UNIT") || $0 == "# EOF" })
  }

  @Test func oneFamilyHoldsAllInstances() {
    var other = status()
    other.state = "backup"
    other.owns = false
    let instances = [
      HostMetrics.Instance(name: "219", status: status()), .init(name: "220", status: other),
      .init(name: "221", status: nil),
    ]
    let text = lines(.openMetrics, instances)
    let names = text.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
    #expect(Set(names).count == names.count)
    #expect(text.contains("vip_up{vip=\"221\"} 0"))
    #expect(text.contains("vip_owned{vip=\"220\",address=\"192.168.1.219\"} 0"))
    #expect(!text.contains { $0.contains("\"221\"") && !$0.hasPrefix("vip_up") })
  }

  @Test func aHostWithoutInstancesHasNoMetrics() {
    #expect(HostMetrics([]).text(.openMetrics) == "# EOF\n")
    #expect(HostMetrics([]).text(.text).isEmpty)
  }

  @Test func labelsAreEscaped() {
    let text = HostMetrics([.init(name: "a\"b\\c\nd", status: nil)]).text(.openMetrics)
    #expect(text.contains("vip_up{vip=\"a\\\"b\\\\c\\nd\"} 0\n"))
  }
}

@Suite struct HTTPTests {
  private func parse(_ text: String) throws -> HTTPRequest? { try HTTPRequest(Array(text.utf8)) }

  @Test func aScrapersRequestIsUnderstood() throws {
    let request = try #require(
      try parse(
        "GET /metrics?x=1 HTTP/1.1\r\nHost: a:9919\r\nACCEPT: application/OpenMetrics-text;version=1.0.0,*/*\r\n\r\n"
      ))
    #expect(request.path == "/metrics" && !request.isHead)
    #expect(Exposition(accept: request.accept) == .openMetrics)
    #expect(Exposition(accept: "text/plain") == .text)
    #expect(Exposition(accept: nil) == .text)
    #expect(try parse("HEAD / HTTP/1.0\n\n")?.isHead == true)
  }

  @Test func aRequestThatHasNotEndedIsWaitedFor() throws {
    let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for count in 0..<whole.utf8.count - 1 {
      #expect(try HTTPRequest(Array(whole.utf8.prefix(count))) == nil, "\(count)")
    }
  }

  @Test(
    arguments: [
      ("GET /\r\n\r\n", .malformed), ("\r\n\r\n", .malformed), ("GET  / HTTP/1.1\r\n\r\n", .malformed),
      ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformed), ("GET / HTTP/1.1\r\n\r\n", .malformed),
      ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .malformed),
      ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .malformed),
      ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", .malformed),
      ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", .malformed), ("\u{16}\u{3}\n\n", .malformed),
      ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", .method), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .version),
    ] as [(String, HTTPRequest.Refusal)])
  func whatIsNoGoodRequestIsRefused(text: String, refusal: HTTPRequest.Refusal) {
    #expect(throws: refusal) { try parse(text) }
  }

  @Test func aHeadIsBounded() {
    let endless = [UInt8](repeating: UInt8(ascii: "a"), count: HTTPRequest.sizeLimit)
    #expect(throws: HTTPRequest.Refusal.tooLarge) { try HTTPRequest(endless) }
    #expect(throws: HTTPRequest.Refusal.tooLarge) { try HTTPRequest(endless + Array("\n\n".utf8)) }
  }

  @Test func responsesAreComplete() throws {
    let get = try #require(try parse("GET /metrics HTTP/1.0\r\n\r\n"))
    let head = try #require(try parse("HEAD /metrics HTTP/1.0\r\n\r\n"))
    let other = try #require(try parse("GET /x HTTP/1.0\r\n\r\n"))
    let text = String(decoding: HTTPResponse(to: get) { _ in "ä 1\n" }.bytes, as: UTF8.self)
    #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
    #expect(text.contains("\r\nContent-Length: 5\r\n") && text.hasSuffix("\r\n\r\nä 1\n"))
    let short = String(decoding: HTTPResponse(to: head) { _ in "ä 1\n" }.bytes, as: UTF8.self)
    #expect(short.contains("\r\nContent-Length: 5\r\n") && short.hasSuffix("\r\n\r\n"))
    #expect(String(decoding: HTTPResponse(to: other) { _ in "" }.bytes, as: UTF8.self).contains(" 404 "))
    #expect(String(decoding: HTTPResponse(.method).bytes, as: UTF8.self).contains("\r\nAllow: GET, HEAD\r\n"))
  }

  @Test func noBytesTrap() {
    var seed: UInt64 = 219
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      for _ in 0..<(seed >> 56) {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1
        bytes.append(Array("GET / HTTP/1.:\r\n\n\n \u{0}é".utf8)[Int(seed >> 33) % 20])
      }
      _ = try? HTTPRequest(bytes)
    }
  }
}
