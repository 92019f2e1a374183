import Configuration

/// What instances of one host tell each other, as the text of a datagram.
public struct GroupMessage: Hashable, Sendable {
  /// What is told.
  public enum Content: Hashable, Sendable {
    /// Whether the sender could own its VIP if the group let it, and whether it is the Active router.
    case state(isAble: Bool, isActive: Bool)
    /// The sender is new and asks how the others are.
    case hello
    /// The sender was stopped on purpose, and takes part no more.
    case gone
  }

  /// The group's name.
  public var group: String
  /// The sender's instance name.
  public var sender: String
  /// What it tells.
  public var content: Content

  /// All three.
  public init(group: String, sender: String, _ content: Content) {
    self.group = group
    self.sender = sender
    self.content = content
  }
}

extension GroupMessage: LosslessStringConvertible {
  /// `GROUP INSTANCE able|unable active|backup`, `GROUP INSTANCE hello` or `GROUP INSTANCE gone`.
  public var description: String { "\(group) \(sender) \(content.words)" }

  /// What `text` tells; nil if it is none of these, or comes from no instance.
  public init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 3, !words[0].isEmpty, Configuration.isInstanceName(words[1]),
      let content = Content(words[2...].joined(separator: " "))
    else { return nil }
    self.init(group: words[0], sender: words[1], content)
  }
}

extension GroupMessage.Content {
  private static let all: [Self] = [
    .state(isAble: true, isActive: true), .state(isAble: true, isActive: false),
    .state(isAble: false, isActive: true), .state(isAble: false, isActive: false), .hello, .gone,
  ]

  fileprivate var words: String {
    switch self {
    case .state(let isAble, let isActive): "\(isAble ? "able" : "unable") \(isActive ? "active" : "backup")"
    case .hello: "hello"
    case .gone: "gone"
    }
  }

  fileprivate init?(_ words: String) {
    guard let content = Self.all.first(where: { $0.words == words }) else { return nil }
    self = content
  }
}
