import Internet

/// Whether the stations answer that show a host that it is on the network (`Gateway=`).
struct References {
  let addresses: [IPAddress]
  let interface: String
  /// The families that can be asked for.
  let families: [AddressFamily]
  /// Where those are that answer.
  let stations: [IPAddress: MACAddress]

  var findings: [Finding] {
    guard !addresses.isEmpty else {
      return [
        .note("gateway", "none on \(interface): being cut off is noticed only by what others send anyway")
      ]
    }
    return addresses.map(finding)
  }

  /// Of several, more than half must answer.
  private var areEnough: Bool { 2 * stations.count > addresses.count }

  private func finding(_ address: IPAddress) -> Finding {
    if let station = stations[address] { return .ok("gateway", "\(address) answers at \(station)") }
    guard families.contains(address.family) else {
      return .skipped("gateway", "\(address) cannot be asked for from \(interface)")
    }
    let text =
      "\(address) does not answer \(address.family == .ipv4 ? "ARP" : "neighbour discovery") on \(interface)"
    return areEnough
      ? .note(
        "gateway", "\(text); the others are enough", "if it is not there any more, remove that Gateway=")
      : .bad("gateway", text, "look at cable, switch port and VLAN; or set Gateway= to a router that answers")
  }
}
