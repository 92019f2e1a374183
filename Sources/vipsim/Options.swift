import Simulation

/// What the command line asks for.
struct Options {
  enum Task {
    case runs(first: UInt64, count: Int)
    case seed(UInt64)
    case schedule(String)
    case help
  }

  var task = Task.help
  var jobs = 2
  var dropped: [Rule] = []
  var tracing = false
  var shrinking = true

  static let usage = """
    vipsim --runs N [--first SEED] [--jobs N]   cases of N seeds; exit code 1 if one breaks a promise
    vipsim --seed N [--trace] [--no-shrink]     one case, and the smallest part of it that still fails
    vipsim --schedule FILE [--trace]            a case from a file, as the two others print it
    --without RULE                              runs without a rule: \(ruleNames)
    """

  private static let ruleNames = Rule.allCases.map(\.rawValue).joined(separator: ", ")

  var simulator: Simulator { Simulator(without: dropped) }

  /// An argument, with its value.
  struct Misunderstood: Error {
    let argument: String
  }

  /// - Throws: if an argument is not understood.
  init(_ arguments: [String]) throws(Misunderstood) {
    var runs: Int?
    var first: UInt64 = 1
    var index = 1
    while index < arguments.count {
      let name = arguments[index]
      let value = index + 1 < arguments.count ? arguments[index + 1] : ""
      let misunderstood = Misunderstood(argument: "\(name) \(value)")
      index += 2
      switch name {
      case "--runs":
        runs = Int(value)
        guard let runs, runs > 0 else { throw misunderstood }
      case "--first":
        guard let number = UInt64(value) else { throw misunderstood }
        first = number
      case "--jobs":
        guard let number = Int(value), (1...256).contains(number) else { throw misunderstood }
        jobs = number
      case "--seed":
        guard let number = UInt64(value) else { throw misunderstood }
        task = .seed(number)
      case "--schedule": task = .schedule(value)
      case "--without":
        guard let rule = Rule(rawValue: value) else { throw misunderstood }
        dropped.append(rule)
      default:
        index -= 1
        guard take(flag: name) else { throw misunderstood }
      }
    }
    if let runs { task = .runs(first: first, count: runs) }
  }

  private mutating func take(flag: String) -> Bool {
    switch flag {
    case "--trace": tracing = true
    case "--no-shrink": shrinking = false
    case "--help", "-h": task = .help
    default: return false
    }
    return true
  }
}
