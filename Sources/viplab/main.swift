import Glibc
import Lab

do {
  func requireRoot() throws(LabError) {
    guard geteuid() == 0 else { throw LabError("network namespaces need root: run it with sudo") }
  }
  var arguments = Arguments(CommandLine.arguments.dropFirst())
  switch arguments.next() {
  case "demo":
    let demo = try Demo(&arguments)
    try requireRoot()
    try demo.run()
  case "bench":
    var bench = try Bench(&arguments)
    try requireRoot()
    try bench.run()
  case "--help", "-h": Terminal.say(Arguments.usage)
  case let other:
    throw UsageError(other.map { "unknown command \($0)" } ?? "a command is needed")
  }
} catch let error as UsageError {
  Terminal.complain("\(error.description)\n\(Arguments.usage)")
  exit(EX_USAGE)
} catch {
  Terminal.complain("\(error)")
  exit(1)
}
