/// A classic BPF program under construction, with jumps to places that are not known yet.
struct FilterProgram<Place: Hashable> {
  private var instructions: [FilterInstruction] = []
  private var places: [Place: Int] = [:]
  private var jumps: [(index: Int, place: Place)] = []

  mutating func append(_ instructions: FilterInstruction...) { append(instructions) }

  mutating func append(_ instructions: some Sequence<FilterInstruction>) { self.instructions += instructions }

  /// What is jumped to as `place` begins here.
  mutating func begin(_ place: Place) { places[place] = instructions.count }

  /// Goes on at `place`, which begins further on: classic BPF jumps forward only.
  mutating func jump(to place: Place) {
    jumps.append((instructions.count, place))
    instructions.append(.jump(0))
  }

  /// The program; what was never begun is nowhere jumped to.
  var assembled: [FilterInstruction] {
    var program = instructions
    for jump in jumps {
      guard let place = places[jump.place] else { continue }
      program[jump.index] = .jump(UInt32(place - jump.index - 1))
    }
    return program
  }
}
