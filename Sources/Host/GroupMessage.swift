import Configuration
public import Internet

/// What instances of one host tell each other, as text.
public struct GroupMessage: Hashable, Sendable {
  /// What is told.
  public enum Content: Hashable, Sendable {
    /// Whether the sender could own its VIP if the group let it, whether it is the Active router, and of what address:
    /// the first of its VIP. Version 0.1 does not say that.
    case state(isAble: Bool, isActive: Bool, IPAddress?)
    /// The sender asks how the others are: it is new, or they may hang.
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
  /// `GROUP INSTANCE able|unable active|backup ADDRESS`, `GROUP INSTANCE hello` or `GROUP INSTANCE gone`.
  public var description: String {
    guard case .state(_, _, let address?) = content else { return brief }
    return "\(brief) \(address)"
  }

  /// The same without the address, which version 0.1 does not understand.
  public var brief: String { "\(group) \(sender) \(content.words)" }

  /// What `text` tells; nil if it is none of these, or comes from no instance.
  public init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 3, !words[0].isEmpty, Configuration.isInstanceName(words[1]),
      let content = Content(words[2...])
    else { return nil }
    self.init(group: words[0], sender: words[1], content)
  }
}

extension GroupMessage.Content {
  fileprivate var words: String {
    switch self {
    case .state(let isAble, let isActive, _):
      "\(isAble ? "able" : "unable") \(isActive ? "active" : "backup")"
    case .hello: "hello"
    case .gone: "gone"
    }
  }

  fileprivate init?(_ words: ArraySlice<String>) {
    let address = words.count == 3 ? words.last.flatMap { IPAddress($0) } : nil
    switch (words.count, words.first, address) {
    case (1, "hello", _): self = .hello
    case (1, "gone", _): self = .gone
    case (2, "able", _), (2, "unable", _), (3, "able", .some), (3, "unable", .some):
      guard let role = words.dropFirst().first, role == "active" || role == "backup" else { return nil }
      self = .state(isAble: words.first == "able", isActive: role == "active", address)
    default: return nil
    }
  }
}
