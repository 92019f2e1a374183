import Host
import Internet
import Linux
import Systemd

/// Hears what third stations send, of whatever type: one frame, then nothing until asked again, so that a busy link costs
/// a few wake-ups a second instead of one for each frame.
///
/// For as long as it exists, the kernel offers it every frame that the host receives or sends.
final class Eavesdropper: WatchedSockets {
  private var socket: EvidenceSocket?
  private var watch: EventSource?

  /// Calls `heard` from `loop` when a frame has come.
  init(linkIndex: Int32, on loop: EventLoop, heard: @escaping () -> Void) throws(LinuxError) {
    let socket = try EvidenceSocket(linkIndex: linkIndex)
    let fd = socket.fd
    self.socket = consume socket
    do throws(SystemdError) {
      watch = try loop.watch(fd: fd, priority: .packet, heard)
    } catch {
      throw LinuxError("watching for evidence", errno: error.errno)
    }
  }

  /// Opens the filter for the next frame of `audience`.
  func listen(to audience: Audience) throws(LinuxError) { try socket?.listen(to: audience) }

  /// The station that was heard, if any; nothing more is heard.
  func receive() throws(LinuxError) -> MACAddress? { try socket?.receiveLast() }

  func unwatch() { watch?.remove() }

  func close() { socket = nil }
}

extension EvidenceSocket {
  /// Opens the filter for frames of `audience`.
  func listen(to audience: Audience) throws(LinuxError) {
    switch audience {
    case .these(let stations): try listen(to: stations)
    case .others(let peers): try listen(excluding: peers)
    }
  }
}
