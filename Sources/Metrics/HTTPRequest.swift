/// The head of a request, HTTP/1.1 (RFC 9112) or HTTP/1.0.
public struct HTTPRequest: Hashable, Sendable {
  /// What a head may have.
  static let sizeLimit = 8192

  /// Why a request is refused.
  public enum Refusal: Int, Error, Hashable, Sendable {
    /// It is no HTTP.
    case malformed = 400
    /// It is neither GET nor HEAD.
    case method = 405
    /// It did not come to an end in time.
    case timeout = 408
    /// Its head is larger than `sizeLimit`.
    case tooLarge = 431
    /// It is of another version.
    case version = 505

    /// For the status line.
    public var reason: String {
      switch self {
      case .malformed: "Bad Request"
      case .method: "Method Not Allowed"
      case .timeout: "Request Timeout"
      case .tooLarge: "Request Header Fields Too Large"
      case .version: "HTTP Version Not Supported"
      }
    }
  }

  /// Whether only the head of the response is wanted.
  let isHead: Bool
  /// What is asked for, without a query.
  public let path: String
  /// The field Accept, if there is one.
  let accept: String?

  /// The request whose head `bytes` begin with; nil if it has not come to its end yet.
  public init?(_ bytes: [UInt8]) throws(Refusal) {
    guard let end = Self.end(of: bytes) else {
      if bytes.count >= Self.sizeLimit { throw .tooLarge }
      return nil
    }
    guard end <= Self.sizeLimit else { throw .tooLarge }
    let isText = bytes[..<end].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 || $0 == 10 || $0 == 13 }
    guard isText else { throw .malformed }
    var lines = bytes[..<end].split(separator: 10, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
    }
    let start = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard start.count == 3, start.allSatisfy({ !$0.isEmpty }), start[1].hasPrefix("/"),
      start[2].hasPrefix("HTTP/")
    else { throw .malformed }
    let fields = try Self.fields(lines)
    switch start[2] {
    case "HTTP/1.0": break
    case "HTTP/1.1":
      // RFC 9112 §3.2: exactly one.
      guard fields.count(where: { $0.name == "host" }) == 1 else { throw .malformed }
    default: throw .version
    }
    guard ["GET", "HEAD"].contains(start[0]) else { throw .method }
    isHead = start[0] == "HEAD"
    path = start[1].split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    let accepted = fields.filter { $0.name == "accept" }.map(\.value)
    accept = accepted.isEmpty ? nil : accepted.joined(separator: ", ")
  }

  /// The index of the empty line that ends the head.
  private static func end(of bytes: [UInt8]) -> Int? {
    var lineLength = 0
    for (index, byte) in bytes.enumerated() {
      if byte == 10 {
        if lineLength == 0 { return index }
        lineLength = 0
      } else if byte != 13 {
        lineLength += 1
      }
    }
    return nil
  }

  private static func fields(_ lines: [String]) throws(Refusal) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for line in lines where !line.isEmpty {
      // RFC 9112 §5.2: no folding, and no white space before the colon.
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[0].utf8.contains(where: { $0 == 32 || $0 == 9 })
      else {
        throw .malformed
      }
      fields.append((parts[0].lowercased(), String(parts[1])))
    }
    return fields
  }
}
