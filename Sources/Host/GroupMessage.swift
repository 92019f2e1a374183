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
