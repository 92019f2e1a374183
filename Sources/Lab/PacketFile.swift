import Glibc

/// Frames in the file format of libpcap, for tshark(1) to read.
package enum PacketFile {
  /// Replaces the contents of `path`.
  package static func write(_ frames: [CapturedFrame], to path: String) throws(LabError) {
    var bytes: [UInt8] = []
    // Magic number, version 2.4, zone, accuracy, longest frame, LINKTYPE_ETHERNET.
    for word: UInt32 in [0xA1B2_C3D4, 0x0002_0004, 0, 0, 0xFFFF, 1] { bytes.appendNetworkOrder(word) }
    for frame in frames {
      let microseconds = frame.time.nanoseconds / 1000
      bytes.appendNetworkOrder(UInt32(microseconds / 1_000_000))
      bytes.appendNetworkOrder(UInt32(microseconds % 1_000_000))
      bytes.appendNetworkOrder(UInt32(frame.bytes.count))
      bytes.appendNetworkOrder(UInt32(frame.bytes.count))
      bytes += frame.bytes
    }
    let file = try Descriptor(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644), "open \(path)")
    file.write(bytes)
  }
}
