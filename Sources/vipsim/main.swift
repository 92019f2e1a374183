import Glibc
import Simulation

/// EX_USAGE, EX_DATAERR and EX_NOINPUT of sysexits.h.
let usageError: Int32 = 64
let dataError: Int32 = 65
let noInput: Int32 = 66

func fail(_ code: Int32, _ text: String) -> Never {
  StandardError.print(text)
  exit(code)
}

func read(_ path: String) -> String {
  guard let file = fopen(path, "r") else { fail(noInput, "vipsim: cannot read \(path)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  while case let octet = getc(file), octet != EOF { bytes.append(UInt8(truncatingIfNeeded: octet)) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Prints what `--schedule` takes for a comment.
func remark(_ text: some CustomStringConvertible) {
  for line in "\(text)".split(separator: "\n") { print("# \(line)") }
}

/// Runs one case, prints it and what it shows; the exit code. What is printed can be read again: the smallest case that
/// fails, or the whole one.
func show(_ plan: Case, _ options: Options) -> Int32 {
  var simulator = options.simulator
  let outcome = simulator.run(plan, tracing: options.tracing)
  let isShrunk = outcome.violation != nil && options.shrinking
  if isShrunk { remark(plan) } else { print(plan) }
  outcome.trace.forEach { remark($0) }
  guard let violation = outcome.violation else {
    remark("every promise was kept")
    return 0
  }
  remark(violation)
  guard isShrunk else { return 1 }
  let smallest = Shrinker.shrink(plan, breaking: violation.rule, in: options.simulator)
  remark("Smallest case that fails in this way:")
  print(smallest)
  let again = simulator.run(smallest, tracing: options.tracing)
  again.trace.forEach { remark($0) }
  if let violation = again.violation { remark(violation) }
  return 1
}

func runAll(first: UInt64, count: Int, _ options: Options) async -> Int32 {
  let tally = await Campaign.run(first: first, count: count, jobs: options.jobs, in: options.simulator)
  for item in Coverage.Item.allCases { print("\(item): \(tally.coverage[item])") }
  let without = options.dropped.map { " --without \($0.rawValue)" }.joined()
  for rule in Violation.Rule.allCases {
    let seeds = tally.failures.filter { $0.violation.rule == rule }.map(\.seed)
    guard !seeds.isEmpty else { continue }
    let some = seeds.prefix(8).map(String.init).joined(separator: " ")
    StandardError.print(
      "\(rule.rawValue): \(seeds.count) seeds: \(some); try vipsim --seed \(seeds[0])\(without)")
  }
  return tally.failures.isEmpty ? 0 : 1
}

let options: Options
do throws(Options.Misunderstood) {
  options = try Options(CommandLine.arguments)
} catch {
  fail(usageError, "vipsim: \(error.argument) is not understood\n\(Options.usage)")
}
switch options.task {
case .help: print(Options.usage)
case .runs(let first, let count): exit(await runAll(first: first, count: count, options))
case .seed(let seed): exit(show(Case(seed: seed), options))
case .schedule(let path):
  do {
    exit(show(try Case(parsing: read(path)), options))
  } catch {
    fail(dataError, "vipsim: \(path): \(error)")
  }
}
