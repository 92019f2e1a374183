import Internet

/// Whole numbers.
enum Number {
  static func parse(_ text: String, _ range: ClosedRange<Int>) -> Int? { Decimal.parse(text.utf8, in: range) }

  /// -253...253
  static func signed(_ text: String) -> Int? {
    if text.hasPrefix("-") { return Decimal.parse(text.utf8.dropFirst(), in: 0...253).map { -$0 } }
    return Decimal.parse((text.hasPrefix("+") ? text.dropFirst() : text[...]).utf8, in: 0...253)
  }
}

/// keepalived's times: seconds with up to six decimals that count.
enum Seconds {
  /// nil if `text` is none, or longer than a day.
  static func microseconds(_ text: String) -> Int? {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = Decimal.parse(parts[0], in: 0...86_400) else { return nil }
    guard parts.count == 2 else { return whole * 1_000_000 }
    let digits = Array((Array(parts[1]) + Array("000000".utf8)).prefix(6))
    guard parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let fraction = Decimal.parse(digits, in: 0...999_999)
    else { return nil }
    return whole * 1_000_000 + fraction
  }
}

/// Names of vip@ instances.
enum InstanceName {
  /// `name` with what no unit's name may hold replaced.
  static func from(_ name: String) -> String {
    let letters = name.unicodeScalars.map { scalar -> Character in
      let isAccepted =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || ":_.-@".unicodeScalars.contains(scalar))
      return isAccepted ? Character(scalar) : "-"
    }
    let text = String(letters.prefix(190).drop { $0 == "." })
    return text.isEmpty ? "vip" : text
  }
}

/// Names of interfaces.
enum InterfaceName {
  /// Whether `text` is one that vip.conf(5) takes.
  static func isOne(_ text: String) -> Bool {
    (1...15).contains(text.utf8.count) && text != "." && text != ".." && text.last != "\\"
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":")
      }
  }
}
