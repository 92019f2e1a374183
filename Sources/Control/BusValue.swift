import Host
import Systemd

/// A type that has one D-Bus type.
protocol BusValue: Sendable {
  static var signature: StaticString { get }
  func write(to message: BusMessage) throws(SystemdError)
  static func read(from message: BusMessage) throws(SystemdError) -> Self
}

extension String: BusValue {
  static var signature: StaticString { "s" }
  func write(to message: BusMessage) throws(SystemdError) { try message.append(self) }
  static func read(from message: BusMessage) throws(SystemdError) -> String { try message.readString() }
}

extension Bool: BusValue {
  static var signature: StaticString { "b" }
  func write(to message: BusMessage) throws(SystemdError) { try message.append(self) }
  static func read(from message: BusMessage) throws(SystemdError) -> Bool { try message.readBool() }
}

extension UInt8: BusValue {
  static var signature: StaticString { "y" }
  func write(to message: BusMessage) throws(SystemdError) { try message.append(self) }
  static func read(from message: BusMessage) throws(SystemdError) -> UInt8 { try message.readUInt8() }
}

extension UInt64: BusValue {
  static var signature: StaticString { "t" }
  func write(to message: BusMessage) throws(SystemdError) { try message.append(self) }
  static func read(from message: BusMessage) throws(SystemdError) -> UInt64 { try message.readUInt64() }
}

/// A type that is a D-Bus structure.
protocol BusStructure: Sendable {
  /// The members' types, and the same as an element of an array and as an array.
  static var members: StaticString { get }
  static var element: StaticString { get }
  static var array: StaticString { get }
  func write(to message: BusMessage) throws(SystemdError)
  static func read(from message: BusMessage) throws(SystemdError) -> Self
}

extension InstanceStatus.Peer: BusStructure {
  static var members: StaticString { "ssyttbb" }
  static var element: StaticString { "(ssyttbb)" }
  static var array: StaticString { "a(ssyttbb)" }

  func write(to message: BusMessage) throws(SystemdError) {
    try message.append(address)
    try message.append(hardware)
    try message.append(priority)
    try message.append(lastSeen)
    try message.append(lastAdvertised)
    try message.append(standsBy)
    try message.append(isReady)
  }

  static func read(from message: BusMessage) throws(SystemdError) -> InstanceStatus.Peer {
    var peer = InstanceStatus.Peer()
    peer.address = try message.readString()
    peer.hardware = try message.readString()
    peer.priority = try message.readUInt8()
    peer.lastSeen = try message.readUInt64()
    peer.lastAdvertised = try message.readUInt64()
    peer.standsBy = try message.readBool()
    peer.isReady = try message.readBool()
    return peer
  }
}

extension InstanceStatus.Counter: BusStructure {
  static var members: StaticString { "st" }
  static var element: StaticString { "(st)" }
  static var array: StaticString { "a(st)" }

  func write(to message: BusMessage) throws(SystemdError) {
    try message.append(name)
    try message.append(value)
  }

  static func read(from message: BusMessage) throws(SystemdError) -> InstanceStatus.Counter {
    InstanceStatus.Counter(try message.readString(), try message.readUInt64())
  }
}

extension InstanceStatus.Transition: BusStructure {
  static var members: StaticString { "tss" }
  static var element: StaticString { "(tss)" }
  static var array: StaticString { "a(tss)" }

  func write(to message: BusMessage) throws(SystemdError) {
    try message.append(time)
    try message.append(state)
    try message.append(cause)
  }

  static func read(from message: BusMessage) throws(SystemdError) -> InstanceStatus.Transition {
    InstanceStatus.Transition(
      time: try message.readUInt64(), state: try message.readString(), cause: try message.readString())
  }
}
