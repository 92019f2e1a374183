import Internet
import Testing

@Suite struct PrintableTextTests {
  @Test(
    arguments: [
      ("vip@219 é 東", "vip@219 é 東"), ("a\u{1B}[2Jb\n", "a\\u{1b}[2Jb\\u{a}"), ("\u{9B}2J", "\\u{9b}2J"),
      ("a\u{202E}b", "a\\u{202e}b"), ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{E000}", "\\u{e000}"),
    ])
  func whatMovesTheCursorIsEscaped(text: String, printable: String) {
    #expect(text.printable == printable)
  }
}
