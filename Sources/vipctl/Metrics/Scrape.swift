import Glibc
import Internet
import Linux
import Metrics
import Systemd

/// Answers one HTTP request for the metrics of this host's instances: standard input and output are the
/// connection, as vipd-metrics.socket passes it.
final class Scrape {
  /// For the whole request, and then for the client to read the answer.
  private static let patience: Int = 5
  /// An instance that does not answer meanwhile is not up.
  private static let patienceWithInstances = Duration.seconds(2)
  private let list: InstanceList
  private let loop: EventLoop
  private var request: [UInt8] = []
  private var source: EventSource?
  private var timer: Timer?
  private var inquiry: Inquiry?

  init(_ list: InstanceList) throws(SystemdError) {
    self.list = list
    loop = try EventLoop()
    // In place of O_NONBLOCK, which a terminal would share with its shell.
    source = try loop.watch(fd: STDIN_FILENO, priority: .packet) { [unowned self] in read() }
    timer = try loop.timer { [unowned self] in answer(HTTPResponse(.timeout)) }
    timer?.arm(at: Clock.now + .seconds(Self.patience))
  }

  func run() throws(SystemdError) { _ = try loop.run() }

  private func read() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
    guard count > 0 else { return loop.exit(0) }
    request += chunk[..<count]
    do throws(HTTPRequest.Refusal) {
      guard let request = try HTTPRequest(request) else { return }
      source = nil
      collect(for: request)
    } catch {
      answer(HTTPResponse(error))
    }
  }

  private func collect(for request: HTTPRequest) {
    guard request.path == "/metrics" else { return answer(HTTPResponse(to: request) { _ in "" }) }
    // What is merely configured need not run.
    let known = list.all().filter(\.hasRun)
    inquiry = Inquiry(known, of: list, patience: Self.patienceWithInstances, on: loop) {
      [unowned self] reports in
      let instances = reports.map { HostMetrics.Instance(name: $0.name, status: $0.status) }
      answer(HTTPResponse(to: request) { HostMetrics(instances).text($0) })
    }
  }

  private func answer(_ response: HTTPResponse) {
    var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var rest = response.bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    loop.exit(0)
  }
}
