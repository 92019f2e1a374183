import Glibc

enum StandardError {
  /// Writes a line; `stderr` itself is a mutable global that Swift 6 does not let anybody touch.
  static func print(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
