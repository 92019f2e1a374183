import Control
import Glibc
import Internet
import Metrics
import Systemd

/// Asks every instance of this host what it is like, all at once.
final class Collector {
  /// An instance that does not answer meanwhile is not up.
  private static let patience = Duration.seconds(2)

  private let loop: EventLoop
  private var clients: [(client: BusClient, call: BusSlot)] = []
  private var answers: [HostMetrics.Instance] = []
  private var awaited = 0
  private let done: ([HostMetrics.Instance]) -> Void

  /// Asks the instances whose runtime directories are in `directory`; `done` is called when all have answered,
  /// or had the time for it.
  init(in directory: String, on loop: EventLoop, _ done: @escaping ([HostMetrics.Instance]) -> Void) {
    self.loop = loop
    self.done = done
    let names = Self.instances(in: directory)
    awaited = names.count
    if names.isEmpty { done([]) }
    for name in names { ask(name, in: "\(directory)/\(name)") }
  }

  private func ask(_ name: String, in directory: String) {
    do throws(SystemdError) {
      let client = try BusClient(path: InstanceInterface.socket(in: directory), on: loop)
      let call = try client.properties(
        of: InstanceInterface.name, at: InstanceInterface.path, timeout: Self.patience
      ) { [unowned self] answer in
        var status: InstanceStatus?
        if case .success(let message) = answer { status = try? InstanceInterface.status(from: message) }
        take(HostMetrics.Instance(name: name, status: status))
      }
      clients.append((client, call))
    } catch {
      // Nobody listens there: the daemon is being restarted, or cannot be.
      take(HostMetrics.Instance(name: name, status: nil))
    }
  }

  private func take(_ answer: HostMetrics.Instance) {
    answers.append(answer)
    awaited -= 1
    if awaited == 0 { done(answers) }
  }

  /// The names of the directories in `directory`.
  private static func instances(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if isDirectory && !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
