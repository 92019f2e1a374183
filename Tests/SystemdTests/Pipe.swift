import Glibc
import Testing

/// A pipe that closes with its owner.
final class Pipe: Sendable {
  let reader: Int32
  let writer: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    reader = ends[0]
    writer = ends[1]
  }

  deinit {
    close(reader)
    close(writer)
  }

  func put() { write(writer, "x", 1) }

  func take() {
    var byte: UInt8 = 0
    read(reader, &byte, 1)
  }
}
