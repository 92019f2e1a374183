import Glibc

/// What libFuzzer calls with every input. `TARGET` in the environment names the decoder.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  do {
    try target.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
  } catch {
    // A trap, so that libFuzzer keeps the input.
    fatalError("\(target.name): \(error)")
  }
  return 0
}

private let target: Decoder = {
  let name = getenv("TARGET").map { String(cString: $0) } ?? ""
  guard let found = Decoder.all.first(where: { $0.name == name }) else {
    print("TARGET must be one of: \(Decoder.all.map(\.name).joined(separator: " "))")
    exit(64)
  }
  return found
}()
