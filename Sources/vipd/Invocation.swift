/// What `vipd` was asked to do.
struct Invocation {
  enum Task {
    case run
    case check
    case help
    case version
  }

  var task = Task.run
  var configurationDirectory = "/etc/vip"
  var runtimeDirectory: String?
  /// Whether to say so if this process has no realtime priority.
  var expectsRealtime = false
  var instance = ""

  /// EX_USAGE of sysexits.h.
  static let usageError: Int32 = 64

  static let usage = """
    Usage: vipd [OPTION]... INSTANCE
    Keep the virtual IP address INSTANCE on exactly one of several hosts.

    INSTANCE is the name of a file, CONFIG-DIR/INSTANCE.conf; without one, the last
    octet of the address (219) or the whole address (192.168.1.219).

          --check            print the effective settings and exit
          --config-dir=DIR   where configuration files are (/etc/vip)
          --runtime-dir=DIR  where this instance keeps its state (/run/vip/INSTANCE)
          --expect-realtime  say so if this process has no realtime priority
          --help             print this and exit
          --version          print the version and exit

    See vipd(8) and vip.conf(5).
    """

  /// Why a command line is refused.
  struct Refusal: Error {
    let found: String
  }

  /// Parses `arguments`, without the program's name, as GNU long options.
  init(_ arguments: [String]) throws(Refusal) {
    var operands: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        operands += rest
        break
      } else if argument.hasPrefix("-") {
        try take(argument, &rest)
      } else {
        operands.append(argument)
      }
    }
    if task == .help || task == .version { return }
    guard operands.count == 1 else {
      throw Refusal(found: "\(operands.count) instance names; accepted: one, as in \"vipd 219\"")
    }
    instance = operands[0]
  }

  private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws(Refusal) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
      String.init)
    func value() throws(Refusal) -> String {
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
        throw Refusal(found: "\(parts[0]) without a directory")
      }
      return value
    }
    switch (parts[0], parts.count) {
    case ("--check", 1): task = .check
    case ("--expect-realtime", 1): expectsRealtime = true
    case ("--help", 1), ("-h", 1): task = .help
    case ("--version", 1): task = .version
    case ("--config-dir", _): configurationDirectory = try value()
    case ("--runtime-dir", _): runtimeDirectory = try value()
    default: throw Refusal(found: "option \(argument)")
    }
  }
}
