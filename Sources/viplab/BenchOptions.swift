import Lab

/// What of `viplab bench` is wanted.
struct BenchOptions {
  enum Part: String, CaseIterable { case faults, saturated, loss, cost, addresses }

  private(set) var parts: [Part] = []
  private(set) var daemons: [DaemonKind] = []
  private(set) var faults: [Fault] = []
  private(set) var instances: [Int] = []
  private(set) var runs = 3
  private(set) var watch = Duration.zero
  private(set) var directory = ".build/bench"
  private var intervals: [Duration] = []

  init(_ arguments: inout Arguments) throws {
    while let option = arguments.next() {
      switch option {
      case "--part": parts.append(try Self.part(arguments.value(of: option)))
      case "--daemon": daemons.append(try arguments.daemon(of: option, among: DaemonKind.compared))
      case "--interval": intervals.append(try arguments.time(of: option))
      case "--fault": faults += try Self.faults(arguments.value(of: option))
      case "--instances": instances.append(try arguments.count(of: option, atMost: 255))
      case "--runs": runs = try arguments.count(of: option)
      case "--watch": watch = try arguments.time(of: option)
      case "--output": directory = try arguments.value(of: option)
      default: throw UsageError("unknown option \(option)")
      }
    }
    // Who names a fault, or a number of instances, wants to see that.
    if parts.isEmpty, !faults.isEmpty { parts = [.faults] }
    if parts.isEmpty, !instances.isEmpty { parts = [.cost] }
    if parts.isEmpty { parts = Part.allCases }
    if daemons.isEmpty { daemons = DaemonKind.compared }
    if faults.isEmpty { faults = Fault.allCases.filter { $0 != .undisturbed } }
    if instances.isEmpty { instances = [1, 10, 50, 100, 255] }
  }

  private static func part(_ text: String) throws -> Part {
    guard let part = Part(rawValue: text) else {
      throw UsageError(
        "--part \(text): one of \(Part.allCases.map(\.rawValue).joined(separator: ", ")) is needed")
    }
    return part
  }

  private static func faults(_ text: String) throws -> [Fault] {
    let chosen = Fault.allCases.filter { $0.rawValue.contains(text) }
    guard !chosen.isEmpty else { throw UsageError("no fault is called \(text)") }
    return chosen
  }

  /// The intervals at which `part` is measured.
  func intervals(of part: Part) -> [Duration] {
    guard intervals.isEmpty else { return intervals }
    return switch part {
    case .faults, .saturated, .loss: [.seconds(1), .milliseconds(100), .milliseconds(10)]
    case .cost: [.seconds(1), .milliseconds(100)]
    // At a shorter one keepalived is taken for dead while it adds so many.
    case .addresses: [.seconds(1)]
    }
  }

  /// The numbers of instances at `interval`: hundreds of them are nobody's idea at a short one.
  func instances(at interval: Duration) -> [Int] {
    instances.filter { $0 <= 100 || interval >= .seconds(1) || instances.count == 1 }
  }

  /// What is measured, in this order.
  var measurements: [any Measurement] {
    parts.map { part in
      let intervals = intervals(of: part)
      return switch part {
      case .faults:
        FaultMeasurement("faults", "Faults on the owner", self, faults, .quiet, intervals)
      case .saturated:
        FaultMeasurement(
          "saturated", "Every processor busy", self, [.undisturbed, .unplugged], .saturated, intervals)
      case .loss:
        FaultMeasurement("loss", "30 packets of 100 lost", self, [.undisturbed], .lossy, intervals)
      case .cost: CostMeasurement(self, intervals)
      case .addresses: AddressMeasurement(self, intervals)
      }
    }
  }
}
