import Glibc
import Lab

do {
  guard geteuid() == 0 else { throw LabError("network namespaces need root: run it with sudo") }
  var arguments = Arguments(CommandLine.arguments.dropFirst())
  switch arguments.next() {
  case "demo": try Demo(&arguments).run()
  case "bench": try Bench(&arguments).run()
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
