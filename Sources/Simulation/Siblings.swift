import Host
import Internet

/// The connections between daemons of one host: they lose nothing and keep the order, but break.
extension World {
  /// As much as a connection holds for a process that does not read; a real one holds some hundred.
  private static let capacity = 10

  func tell(_ message: GroupMessage, to sibling: String?, by number: Int) {
    for other in daemons(on: daemons[number].machine) where other != number {
      guard daemons[other].isAlive, daemons[other].group != nil else { continue }
      if let sibling, sibling != instanceName(other) { continue }
      let vip = daemons[number].vip
      if daemons[other].unread[vip] >= Self.capacity {
        disconnect(number, other)
        postInOrder(.groupLost(instanceName(other)), to: number)
      }
      connect(number, other)
      daemons[other].unread[vip] += 1
      postInOrder(.group(message), to: other)
    }
  }

  func noteReading(of message: GroupMessage, _ number: Int) {
    guard let vip = Station.instanceNames.firstIndex(of: message.sender) else { return }
    // What was sent by a connection that has broken does not fill the next one.
    if daemons[number].unread[vip] > 0 { daemons[number].unread[vip] -= 1 }
  }

  /// The process has ended, or left its group.
  func disconnect(_ number: Int) {
    for other in daemons(on: daemons[number].machine) where other != number {
      disconnect(number, other)
    }
  }

  private func connect(_ one: Int, _ other: Int) {
    daemons[one].connected |= 1 << UInt8(daemons[other].vip)
    daemons[other].connected |= 1 << UInt8(daemons[one].vip)
  }

  /// `other` is told that the connection has ended.
  private func disconnect(_ one: Int, _ other: Int) {
    guard daemons[one].connected >> UInt8(daemons[other].vip) & 1 != 0 else { return }
    daemons[one].connected &= ~(1 << UInt8(daemons[other].vip))
    daemons[other].connected &= ~(1 << UInt8(daemons[one].vip))
    daemons[one].unread[daemons[other].vip] = 0
    daemons[other].unread[daemons[one].vip] = 0
    postInOrder(.groupLost(instanceName(one)), to: other)
  }

  private func instanceName(_ number: Int) -> String { Station.instanceNames[daemons[number].vip] }

  private func postInOrder(_ input: Input, to number: Int) {
    let time = now + daemons[number].loopLatency()
    daemons[number].lastTold = max(time, daemons[number].lastTold)
    post(input, to: number, at: daemons[number].lastTold)
  }
}
