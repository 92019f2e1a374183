/// The spread of one figure over several runs, in the unit of its values.
package struct Statistics: Sendable {
  package let minimum: Double
  package let median: Double
  package let maximum: Double

  /// Nil if there are no values.
  package init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    minimum = first
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    maximum = last
  }
}
