public import Host
public import Systemd

/// The D-Bus interface of an instance: how a status is written and read there.
public enum InstanceInterface {
  /// The interface's name.
  public static let name = "net.vipd.Instance1"
  /// The one object on an instance's socket.
  public static let path = "/net/vipd/Instance"

  /// The name of the error when an instance does not do what it was asked for.
  public static let refused = "net.vipd.Error.Refused"

  /// The socket of an instance whose runtime directory is `directory`.
  public static func socket(in directory: String) -> String { "\(directory)/bus" }

  /// The properties, with the value that `status` has when somebody asks.
  public static func properties(_ status: @escaping () -> InstanceStatus) -> [BusObject.Property] {
    rows.map { row in
      BusObject.Property(row.name, row.signature) { (message) throws(SystemdError) in
        try row.write(status(), message)
      }
    }
  }

  /// Reads all properties, as ``BusClient/properties(of:at:destination:timeout:answer:)`` brings them. What a
  /// newer daemon tells beyond that is passed over.
  public static func status(from message: BusMessage) throws(SystemdError) -> InstanceStatus {
    var status = InstanceStatus()
    _ = try message.readArray(of: "{sv}") { () throws(SystemdError) in
      try message.read(.entry, of: "sv") { () throws(SystemdError) in
        let name = try message.readString()
        guard let row = rows.first(where: { "\($0.name)" == name }) else { return try message.skip() }
        try message.read(.variant, of: row.signature) { () throws(SystemdError) in
          try row.read(&status, message)
        }
      }
    }
    return status
  }

  private struct Row: Sendable {
    let name: StaticString
    let signature: StaticString
    let write: @Sendable (InstanceStatus, BusMessage) throws(SystemdError) -> Void
    let read: @Sendable (inout InstanceStatus, BusMessage) throws(SystemdError) -> Void
  }

  private static let rows: [Row] = [
    value("Instance", \.instance), value("Version", \.version), value("Summary", \.summary),
    Row(
      name: "Addresses", signature: "as",
      write: { (status, message) throws(SystemdError) in try message.append(status.addresses) },
      read: { (status, message) throws(SystemdError) in
        status.addresses = try message.readArray(of: "s") { () throws(SystemdError) in
          try message.readString()
        }
      }),
    value("Interface", \.interface), value("VirtualRouterID", \.virtualRouterID),
    value("Priority", \.priority), value("AdvertisementIntervalUSec", \.interval),
    value("LeaseUSec", \.lease), value("WitnessMode", \.witnessMode), value("Gateway", \.gateway),
    value("State", \.state), value("Cause", \.cause), value("SinceUSec", \.since), value("Owns", \.owns),
    value("Owner", \.owner), value("OwnerHardware", \.ownerHardware), value("Witness", \.witness),
    value("Holding", \.holding), value("Held", \.isHeld), value("StandsBack", \.standsBack),
    value("Checks", \.checks), value("Unreachable", \.unreachable),
    value("LacksRealtime", \.lacksRealtime),
    array("Peers", \.peers), array("Counters", \.counters), array("Transitions", \.transitions),
  ]

  private static func value<Value: BusValue>(
    _ name: StaticString, _ path: any (WritableKeyPath<InstanceStatus, Value> & Sendable)
  ) -> Row {
    Row(
      name: name, signature: Value.signature,
      write: { (status, message) throws(SystemdError) in try status[keyPath: path].write(to: message) },
      read: { (status, message) throws(SystemdError) in
        status[keyPath: path] = try Value.read(from: message)
      })
  }

  private static func array<Element: BusStructure>(
    _ name: StaticString, _ path: any (WritableKeyPath<InstanceStatus, [Element]> & Sendable)
  ) -> Row {
    Row(
      name: name, signature: Element.array,
      write: { (status, message) throws(SystemdError) in
        try message.append(.array, of: Element.element) { () throws(SystemdError) in
          for element in status[keyPath: path] {
            try message.append(.structure, of: Element.members) { () throws(SystemdError) in
              try element.write(to: message)
            }
          }
        }
      },
      read: { (status, message) throws(SystemdError) in
        status[keyPath: path] = try message.readArray(of: Element.element) { () throws(SystemdError) in
          try message.read(.structure, of: Element.members) { () throws(SystemdError) in
            try Element.read(from: message)
          }
        }
      })
  }
}
