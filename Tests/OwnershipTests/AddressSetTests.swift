import Internet
import Ownership
import Testing

@Suite struct AddressSetTests {
  private static let edges = [0, 1, 63, 64, 126, 127, 128, 129, 191, 192, 253, 254]

  @Test(arguments: edges)
  func oneAddress(index: Int) {
    let one = AddressSet(index: index)
    #expect(one.count == 1)
    #expect(one.first == index)
    #expect("\(one)" == "[\(index)]")
    #expect(Self.edges.allSatisfy { one.contains(AddressSet(index: $0)) == ($0 == index) })
  }

  @Test(arguments: edges)
  func theFirstMany(count: Int) {
    let all = AddressSet.all(count)
    #expect(all.count == count)
    #expect(all.isEmpty == (count == 0))
    #expect(!all.contains(AddressSet(index: count)))
    #expect(all.union(AddressSet(index: count)) == .all(count + 1))
  }

  /// As a set of numbers does.
  @Test func algebra() {
    var random = SplitMix64(state: 7)
    for _ in 0..<1000 {
      let (left, right) = (Self.draw(&random), Self.draw(&random))
      let (one, other) = (Self.set(left), Self.set(right))
      #expect(Self.numbers(one) == left.sorted())
      #expect(Self.numbers(one.union(other)) == left.union(right).sorted())
      #expect(Self.numbers(one.intersection(other)) == left.intersection(right).sorted())
      #expect(Self.numbers(one.subtracting(other)) == left.subtracting(right).sorted())
      #expect(Self.numbers(one.symmetricDifference(other)) == left.symmetricDifference(right).sorted())
      #expect(one.isSuperset(of: other) == left.isSuperset(of: right))
      #expect(one.isDisjoint(with: other) == left.isDisjoint(with: right))
      #expect(one.first == left.min())
    }
  }

  @Test func changes() {
    var set: AddressSet = []
    #expect(set.insert(AddressSet(index: 200)).inserted)
    #expect(!set.insert(AddressSet(index: 200)).inserted)
    #expect(set.remove(AddressSet(index: 3)) == nil)
    #expect(set.remove(AddressSet(index: 200)) == AddressSet(index: 200))
    #expect(set.isEmpty && set.popFirst() == nil)
  }

  private static func draw(_ random: inout SplitMix64) -> Set<Int> {
    let limit = random.next() % 40
    return Set((0..<limit).map { _ in Int(random.next() % UInt64(AddressSet.capacity)) })
  }

  private static func set(_ numbers: Set<Int>) -> AddressSet {
    numbers.reduce(into: []) { $0.insert(AddressSet(index: $1)) }
  }

  private static func numbers(_ set: AddressSet) -> [Int] {
    var numbers: [Int] = []
    set.forEach { numbers.append($0) }
    return numbers
  }
}
