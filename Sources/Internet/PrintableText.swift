extension String {
  /// The same text with everything escaped that could break a line or move the cursor: what a stranger wrote into a
  /// file or a packet, for terminals, journals and comments.
  public var printable: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension String {
  /// Quoted for a message: printable, and cut short if it is long.
  public var quoted: String {
    let limit = 60
    let head = unicodeScalars.prefix(limit + 1)
    if head.count <= limit { return "\"\(printable)\"" }
    return "\"\(String(String.UnicodeScalarView(head.dropLast())).printable)…\""
  }
}
