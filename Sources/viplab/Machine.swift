import Glibc
import Lab

/// What figures were taken on.
enum Machine {
  /// Day, processors, kernel.
  static var description: String {
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let model = File.read("/proc/cpuinfo").flatMap(processor)
    let kernel = (File.read("/proc/sys/kernel/osrelease") ?? "?").prefix { !$0.isNewline }
    return "\(today), \(count) processors\(model.map { ", \($0)" } ?? ""), Linux \(kernel)"
  }

  /// The model that /proc/cpuinfo names; nil where it names none.
  static func processor(_ text: String) -> String? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) }
  }

  private static var today: String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  }
}
