/// A complete response, after which the connection ends.
public struct HTTPResponse: Hashable, Sendable {
  /// What is sent.
  public let bytes: [UInt8]

  /// To a request that was understood; `metrics` is asked for them if they are wanted.
  public init(to request: HTTPRequest, _ metrics: (Exposition) -> String) {
    let exposition = Exposition(accept: request.accept)
    switch request.path {
    case "/metrics":
      self.init("200 OK", exposition.contentType, metrics(exposition), isHead: request.isHead)
    case "/":
      self.init("200 OK", "text/plain; charset=utf-8", "vipd: see /metrics\n", isHead: request.isHead)
    default:
      self.init("404 Not Found", "text/plain; charset=utf-8", "There is /metrics\n", isHead: request.isHead)
    }
  }

  /// To one that is refused.
  public init(_ refusal: HTTPRequest.Refusal) {
    let fields = refusal == .method ? ["Allow: GET, HEAD"] : []
    let status = "\(refusal.rawValue) \(refusal.reason)"
    self.init(status, "text/plain; charset=utf-8", "\(refusal.reason)\n", isHead: false, fields)
  }

  private init(
    _ status: String, _ contentType: String, _ body: String, isHead: Bool, _ fields: [String] = []
  ) {
    let head =
      [
        "HTTP/1.1 \(status)", "Content-Type: \(contentType)", "Content-Length: \(body.utf8.count)",
        "Cache-Control: no-store", "Connection: close",
      ] + fields
    bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (isHead ? [] : Array(body.utf8))
  }
}
