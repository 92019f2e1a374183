/// A word of keepalived's configuration, without its quotes.
struct Word: Hashable {
  let text: String
  /// Counts from 1.
  let line: Int
}

/// A keyword with its values and its block: `priority 100`, `vrrp_instance VI_1 { … }`. It keeps account of
/// which of its words somebody made use of or spoke about, so that none can be lost silently.
final class Statement {
  let words: [Word]
  /// Why it does not hold always, as a note's reason; nil if it does.
  let condition: String?
  var block: [Statement]?
  private var isSettled: [Bool]

  init(_ words: [Word], condition: String? = nil) {
    self.words = words
    self.condition = condition
    isSettled = words.map { _ in false }
  }

  /// Counts from 1.
  var line: Int { words.first?.line ?? 0 }
  var keyword: String { words.first?.text ?? "" }
  var values: [String] { words.dropFirst().map(\.text) }
  /// As one could write it.
  var text: String { words.map(\.text).joined(separator: " ") }

  /// The last line of its block.
  var lastLine: Int { block?.map(\.lastLine).max() ?? words.last?.line ?? line }

  /// The words at `indices` were carried over or spoken about.
  func settle(_ indices: Range<Int>) {
    for index in indices.clamped(to: words.indices) { isSettled[index] = true }
  }

  /// All of its own words were.
  func settle() { settle(words.indices) }

  /// So was everything in its block.
  func settleAll() {
    settle()
    for inner in block ?? [] { inner.settleAll() }
  }

  /// The words that nobody cared about.
  var unsettled: [Word] { words.indices.filter { !isSettled[$0] }.map { words[$0] } }
}
