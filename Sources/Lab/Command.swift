import CLab
import Glibc

/// A program with its arguments.
package struct Command {
  let arguments: [String]

  /// The program, found on the path, and its arguments.
  package init(_ arguments: [String]) { self.arguments = arguments }

  /// Runs it to its end with `text` as its input; its output, or throws that output if it failed.
  @discardableResult
  package func run(input text: String = "") throws(LabError) -> String {
    let (status, output) = try complete(input: text)
    guard status == 0 else {
      throw LabError("\(arguments.joined(separator: " ")): exit \(status)\n\(text)\n\(output)")
    }
    return output
  }

  /// Runs it to its end: a shell's number for how it ended, and both its outputs.
  package func complete(input text: String = "") throws(LabError) -> (status: Int32, output: String) {
    let input = try Descriptor(lab_memory_file(), "memfd_create")
    let output = try Descriptor(lab_memory_file(), "memfd_create")
    input.write(Array(text.utf8))
    let child = try spawn(input: input, output: output)
    return (Self.reap(child), String(decoding: output.contents(), as: UTF8.self))
  }

  /// Starts it with /dev/null or `input` to read and `output` for both its outputs; the caller reaps it.
  func spawn(input: Descriptor? = nil, output: Descriptor) throws(LabError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input.number, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output.number, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output.number, STDERR_FILENO)
    var attributes = Self.plainSignals()
    defer { posix_spawnattr_destroy(&attributes) }
    let words = arguments.map { strdup($0) }
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, arguments[0], &actions, &attributes, words + [nil], environ)
    guard code == 0 else { throw LabError("cannot start \(arguments[0])", errno: code) }
    return child
  }

  /// A child starts with no signal blocked or ignored, whatever its parent does with them.
  private static func plainSignals() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return attributes
  }

  /// Waits for the end of `child`: its exit status, or 128 + the signal that killed it.
  static func reap(_ child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return exitStatus(status)
  }

  /// `reap` if `child` has ended already, otherwise nil.
  static func reapIfEnded(_ child: pid_t) -> Int32? {
    var status: Int32 = 0
    return waitpid(child, &status, WNOHANG) == child ? exitStatus(status) : nil
  }

  private static func exitStatus(_ status: Int32) -> Int32 {
    status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}
