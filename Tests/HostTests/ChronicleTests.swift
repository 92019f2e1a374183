import Testing

@testable import Host

@Suite struct ChronicleTests {
  @Test func countersAreNamedAsMetricsAre() {
    let names = Chronicle().counters(discards: DiscardCounters()).map(\.name)
    #expect(names.contains("advertisements_sent"))
    #expect(names.contains("discarded_time_to_live") && names.contains("discarded_virtual_router_id"))
    #expect(Set(names).count == names.count)
  }
}
