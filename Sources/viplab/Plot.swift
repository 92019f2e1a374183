import Lab

/// A picture, and how gnuplot(1) draws it.
struct Plot {
  /// Of its files, without what comes after the dot.
  let name: String
  private let script: String

  /// `body` is what gnuplot is told after the terminal and the title are set.
  init(_ name: String, title: String, width: Int = 900, height: Int, _ body: String) {
    self.name = name
    script = """
      set terminal svg size \(width),\(height) font "sans,12" background "white" noenhanced
      set output "\(name).svg"
      set title "\(title)"
      set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb "#cccccc"
      set bmargin 5
      \(body)

      """
  }

  /// Writes `name`.svg to `directory`, beside what it was drawn from.
  func draw(in directory: String) throws {
    try File.write(script, to: "\(directory)/\(name).gp")
    try Command(["sh", "-c", #"cd "$1" && exec gnuplot "$2""#, "sh", directory, "\(name).gp"]).run()
  }

  /// Lines of numbers by which a plot refers to them as `$name`.
  static func data(_ name: String, _ rows: [[Double]]) -> String {
    let lines = rows.map { $0.map { "\($0)" }.joined(separator: " ") }
    return (["$\(name) << END"] + lines + ["END"]).joined(separator: "\n")
  }

  /// `texts` at 0, 1, 2, … of an axis.
  static func tics(_ texts: [String]) -> String {
    "(" + texts.enumerated().map { "\"\($0.element)\" \($0.offset)" }.joined(separator: ", ") + ")"
  }

  /// The same daemon has the same colour everywhere.
  static func colour(of daemon: String) -> String {
    let colours = ["vipd": "#1b7837", "keepalived": "#c51b7d", "ucarp": "#e08214"]
    return colours[daemon] ?? "#333333"
  }
}

extension Sequence where Element == String {
  /// Each once, in the order of their first appearance.
  var distinct: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
