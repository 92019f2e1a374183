import Foundation
import Lab
import Testing

@testable import viplab

@Suite struct CSVTests {
  @Test func aFieldIsQuotedWhereItMustBe() {
    var csv = CSV(["fault", "daemon"])
    csv.append(["SIGSTOP, SIGCONT after 4 s", "vipd"])
    csv.append(["it says \"no\"", ""])
    #expect(
      csv.text == """
        fault,daemon
        "SIGSTOP, SIGCONT after 4 s",vipd
        "it says ""no\""",

        """)
  }
}

@Suite struct RemainingTimeTests {
  @Test func whatIsLeftIsWhatWasExpected() {
    var remaining = RemainingTime([.seconds(10), .seconds(20), .seconds(30)])
    #expect(remaining.left == .seconds(60))
    remaining.finish(after: .seconds(10))
    #expect(remaining.left == .seconds(50))
  }

  @Test func aSlowMachineIsNoticed() {
    var remaining = RemainingTime(Array(repeating: .seconds(60), count: 100))
    for _ in 0..<50 { remaining.finish(after: .seconds(120)) }
    // Fifty are left: twice as long as expected, but for what was trusted at the start.
    #expect(remaining.left > .seconds(5800) && remaining.left < .seconds(6000))
    for _ in 0..<60 { remaining.finish(after: .seconds(120)) }
    #expect(remaining.left == .zero)
  }

  @Test func itIsSaidAsExactlyAsOneWantsToKnow() {
    #expect(RemainingTime.text(.seconds(179)) == "179 s")
    #expect(RemainingTime.text(.seconds(200)) == "3 min")
    #expect(RemainingTime.text(.seconds(3600 + 25 * 60 + 31)) == "1 h 26 min")
  }
}

@Suite struct TimelineTests {
  @Test func lossesInARowAreOneStretch() {
    let stretches = TimelinePlot.stretches(of: [0.100, 0.101, 0.103, 0.5])
    #expect(stretches.map(\.start) == [0.1, 0.5])
    #expect(stretches.map(\.end) == [0.104, 0.501])
  }

  @Test func whatWasNotMeasuredIsNotDrawn() {
    #expect(TimelinePlot.stretches(of: []).isEmpty)
  }
}

/// What gnuplot makes of the plots.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot"), "needs gnuplot"))
struct PlotTests {
  private func expectDrawn(_ plot: Plot, _ texts: [String]) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("plot-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try plot.draw(in: directory.path)
    let picture = try String(
      contentsOf: directory.appendingPathComponent("\(plot.name).svg"), encoding: .utf8)
    #expect(picture.contains("</svg>"))
    for text in texts { #expect(picture.contains(text), "\(text)") }
  }

  @Test func outages() throws {
    let points = ["vipd", "keepalived"].flatMap { daemon in
      [0, 12.5].map { outage in
        OutagePlot.Point(
          fault: "SIGSTOP, SIGCONT after 4 s", daemon: daemon, outage: outage,
          hasTwoOwners: daemon == "keepalived")
      }
    }
    try expectDrawn(
      OutagePlot(points).plot(named: "outages", "Faults"),
      ["Faults", "SIGSTOP, SIGCONT after 4 s", "vipd", "keepalived, and two owners until the end"])
  }

  @Test func costs() throws {
    let points = [1, 255].map { CostPlot.Point(daemon: "ucarp", instances: $0, processor: 0, wakeUps: 1.5) }
    try expectDrawn(CostPlot(points).plot(named: "costs", "Cost"), ["Cost", "ucarp", "255"])
  }

  @Test func timelines() throws {
    let rows = [
      TimelinePlot.Row(label: "vipd: .217 has it", bars: [(0, 0.2)], isOutage: false),
      TimelinePlot.Row(label: "no answer", bars: [], isOutage: true),
    ]
    try expectDrawn(
      TimelinePlot(rows).plot(named: "timeline", "Unplugged"),
      ["Unplugged", "vipd: .217 has it", "no answer"])
  }
}

@Suite struct MachineTests {
  @Test func theProcessorIsReadAsTheKernelWritesIt() {
    #expect(Machine.processor("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu\n") == "AMD EPYC")
    #expect(Machine.processor("processor\t: 0\n") == nil)
  }
}

@Suite struct BenchOptionsTests {
  private func options(_ words: String...) throws -> BenchOptions {
    var arguments = Arguments(words[...])
    return try BenchOptions(&arguments)
  }

  @Test func withoutOptionsEverythingIsMeasured() throws {
    let options = try options()
    #expect(options.parts == BenchOptions.Part.allCases)
    #expect(options.daemons == [.vipd, .keepalived, .ucarp])
    #expect(options.faults.count == Fault.allCases.count - 1)
    #expect(options.intervals(of: .faults) == [.seconds(1), .milliseconds(100), .milliseconds(10)])
    #expect(options.instances(at: .seconds(1)).last == 255)
    #expect(options.instances(at: .milliseconds(100)).last == 100)
    #expect(options.measurements.map(\.name) == BenchOptions.Part.allCases.map(\.rawValue))
  }

  @Test func whoNamesAFaultWantsToSeeThat() throws {
    let options = try options(
      "--fault", "unplugged", "--interval", "100ms", "--daemon", "vipd", "--runs", "4")
    #expect(options.parts == [.faults])
    #expect(options.measurements.flatMap(\.steps).count == 4)
    #expect(try self.options("--instances", "255", "--interval", "100ms").parts == [.cost])
  }

  /// CARP knows whole seconds only, and keepalived no handover: neither is asked for what it cannot do.
  @Test func nobodyIsAskedForWhatItCannotDo() throws {
    let steps = try options("--fault", "handover", "--runs", "1").measurements.flatMap(\.steps)
    #expect(
      steps.map(\.title) == [
        "1 s, handover, vipd, run 1 of 1", "1 s, handover, ucarp, run 1 of 1",
        "100 ms, handover, vipd, run 1 of 1",
        "10 ms, handover, vipd, run 1 of 1",
      ])
  }

  @Test(arguments: [
    ["--runs", "0"], ["--instances", "256"], ["--daemon", "frr"], ["--fault", "earthquake"],
    ["--part", "all"],
    ["--interval", "1m"], ["--json"], ["--runs"],
  ])
  func whatMakesNoSenseIsRefused(_ words: [String]) {
    var arguments = Arguments(words[...])
    #expect(throws: UsageError.self) { try BenchOptions(&arguments) }
  }
}
