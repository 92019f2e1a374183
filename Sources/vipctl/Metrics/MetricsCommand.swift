import ArgumentParser
import Glibc
import Systemd

/// `vipctl serve-metrics`, for vipd-metrics@.service alone: it needs a connection as standard input.
struct ServeMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer one HTTP request for the metrics of this host's instances.", shouldDisplay: false)

  @OptionGroup var places: Places

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    do throws(SystemdError) {
      try Scrape(places.list).run()
    } catch {
      throw fail(Status.attention, "\(error)")
    }
  }
}
