import CLab

/// A directory whose files cannot be opened for now, as if on a disk that does not answer: whoever tries, waits.
/// Nobody else must try meanwhile, this process least of all.
package struct DeadDisk: ~Copyable {
  private let hold: Descriptor

  package init(under directory: String) throws(LabError) {
    hold = try Descriptor(lab_hold_opens(directory), "fanotify \(directory)")
  }

  /// The disk answers again.
  package consuming func recover() {}
}
