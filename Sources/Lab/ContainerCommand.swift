import Foundation

/// What a finished command said.
public struct ContainerOutcome: Sendable {
  /// The exit status; 124 when the command took longer than it may, 128 and more when a signal ended it.
  public let status: Int32
  /// Standard output and standard error, as they came, without the last newline.
  public let output: String
}

/// A command that failed, or a host that did not do what it was told to in time.
public struct ContainerError: Error, CustomStringConvertible {
  /// What was attempted and what came of it.
  public let description: String
}

enum ContainerCommand {
  /// Words before a command that may take 30 s.
  static let limited = ["timeout", "--kill-after=1", "30"]

  /// Runs a program with a clean environment and waits for it.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> ContainerOutcome {
    // Foundation's Process keeps two descriptors of each process that it ever ran.
    let words = path.merging(environment) { $1 }.map { "\($0)=\($1)" }
    let (status, output) = try Command(["/usr/bin/env", "-i"] + words + arguments).complete()
    return ContainerOutcome(status: status, output: output.trimmingCharacters(in: .newlines))
  }

  /// Runs a program that has to succeed and returns what it wrote.
  @discardableResult
  static func require(_ arguments: [String], environment: [String: String] = [:]) throws -> String {
    let outcome = try run(arguments, environment: environment)
    guard outcome.status == 0 else {
      let command = arguments.joined(separator: " ")
      throw ContainerError(description: "\(command): exit status \(outcome.status)\n\(outcome.output)")
    }
    return outcome.output
  }

  /// Asks until the answer is no longer nil, every 50 ms.
  static func wait<Answer>(
    for what: String, within limit: Duration, until ask: () throws -> Answer?
  ) throws -> Answer {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
      if let answer = try ask() { return answer }
      guard clock.now < end else { throw ContainerError(description: "\(what): not within \(limit)") }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  private static let path = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
}
