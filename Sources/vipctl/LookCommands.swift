import ArgumentParser
import Control
import Internet

/// `vipctl list`
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List this host's virtual IP addresses.",
    discussion: """
      What needs attention comes first. Exit status: 0 if every VIP is served, here or elsewhere; 1 if one is \
      not, or this host cannot tell.
      """)

  @OptionGroup var places: Places

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() throws {
    let list = places.list
    let reports = try Inquiry.ask(list.all(), of: list)
    if json {
      Terminal.say(JSON.text(reports.map { InstanceDocument($0, isComplete: false) }))
    } else {
      let view = ListView(reports: reports, now: WallClock.now)
      Terminal.say(view.lines(on: .standard).joined(separator: "\n"))
    }
    if !reports.allSatisfy(\.isWell) { throw Status.attention }
  }
}

/// `vipctl show`
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show everything about one instance: routers, counters, the last 50 changes and why.")

  @OptionGroup var places: Places

  @Argument(help: "What follows vip@, as in 219.", completion: .instances)
  var instance: String

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() throws {
    let report = try Inquiry.ask(instance, in: places)
    if json {
      Terminal.say(JSON.text(InstanceDocument(report)))
    } else {
      let view = DetailView(report: report, now: WallClock.now)
      Terminal.say(view.lines(on: .standard).joined(separator: "\n"))
    }
    if report.status == nil { throw Status.unavailable }
    if !report.isWell { throw Status.attention }
  }
}

extension Inquiry {
  /// What is known of `instance`.
  ///
  /// - Throws: `ExitCode`, after saying so, if there is no such instance.
  static func ask(_ instance: String, in places: Places) throws -> Report {
    let list = places.list
    guard let known = list.find(instance), let report = try ask([known], of: list).first else {
      throw fail(
        Status.unavailable, "there is no instance \(instance.printable); \"vipctl\" lists those there are")
    }
    return report
  }
}

extension CompletionKind {
  /// The names of this host's instances.
  static var instances: CompletionKind {
    .custom { _, _, _ in InstanceList.standard.all().map(\.name) }
  }
}
