import Internet

/// The deadlines of a host beside those of its core: one table.
struct Alarms: Hashable, Sendable {
  enum Name: Int, CaseIterable {
    /// A look at everything was refused.
    case look
    /// A request of the kernel, or sockets, were refused.
    case retry
    /// A file of the runtime directory could not be written.
    case files
    /// A link that was renamed may not get its name back.
    case name
    /// A family of the VIP has been left out for long.
    case family
    /// Somebody in the group may be silent, or wants to be told again.
    case group
    /// What changed a moment ago may be told.
    case status
    /// The end of the instance waits no longer.
    case end
  }

  private var deadlines = InlineArray<8, Instant?>(repeating: nil)
  /// The first of them; kept, because it is asked for after every input.
  private(set) var first: Instant?

  subscript(name: Name) -> Instant? { deadlines[name.rawValue] }

  /// Rings at `deadline`; nil for not at all.
  mutating func set(_ name: Name, _ deadline: Instant?) {
    guard deadlines[name.rawValue] != deadline else { return }
    deadlines[name.rawValue] = deadline
    findFirst()
  }

  /// Rings at `deadline`, or earlier if it was to ring before.
  mutating func advance(_ name: Name, to deadline: Instant) {
    if let earlier = self[name], earlier <= deadline { return }
    set(name, deadline)
  }

  /// Whether the alarm rings; then it is off.
  mutating func take(_ name: Name, at now: Instant) -> Bool {
    guard let deadline = self[name], deadline <= now else { return false }
    set(name, nil)
    return true
  }

  private mutating func findFirst() {
    first = nil
    for index in deadlines.indices {
      if let deadline = deadlines[index], first.map({ deadline < $0 }) ?? true { first = deadline }
    }
  }
}

extension Alarms {
  static func == (left: Alarms, right: Alarms) -> Bool {
    Name.allCases.allSatisfy { left[$0] == right[$0] }
  }

  func hash(into hasher: inout Hasher) { for name in Name.allCases { hasher.combine(self[name]) } }
}
