import Control
import Host
import Internet

/// Everything about one instance.
struct DetailView {
  let report: Report
  let now: UInt64

  func lines(on terminal: Terminal) -> [String] {
    guard let status = report.status else {
      return ListView(reports: [report], now: now).lines(on: terminal)
    }
    let remarks = report.remarks.flatMap { $0.lines(on: terminal) }
    let summary = wrap("\(report.name): \(status.summary.printable)", to: terminal.width, indent: 0)
    return summary.map { terminal.styled($0, .strong) } + remarks + [""]
      + facts(status, terminal) + routers(status, terminal) + transitions(status, terminal)
      + counters(status, terminal)
  }

  private func facts(_ status: InstanceStatus, _ terminal: Terminal) -> [String] {
    let owner = [status.owner, status.ownerHardware.isEmpty ? "" : "at \(status.ownerHardware)"]
    let here = status.state == "active" ? " (this host)" : ""
    var facts = [
      ("Address", address(status)),
      ("Role", "\(status.state.capitalizedFirst) since \(WallClock.local(status.since)): \(status.cause)"),
      ("Owner", status.owner.isEmpty ? "unknown" : owner.joined(separator: " ") + here),
      (
        "Election",
        "VRID \(status.virtualRouterID), priority \(status.priority), every "
          + WallClock.setting(status.interval)
      ),
      ("Lease", status.lease == 0 ? "none: the kernel keeps the address" : WallClock.setting(status.lease)),
      ("Witness", witness(status)),
      ("Gateway", status.gateway.isEmpty ? "none" : status.gateway),
    ]
    if status.isHeld { facts.append(("Held", "yes")) }
    facts.append(("Daemon", "vipd \(status.version)"))
    return facts.map { name, value in
      let label = name + String(repeating: " ", count: 10 - name.count)
      return terminal.styled(label, .faint) + value.printable
    }
  }

  /// One that waits for its surroundings may not know either of the two.
  private func address(_ status: InstanceStatus) -> String {
    let vip = status.addresses.isEmpty ? "not known yet" : Report.vip(status)
    return status.interface.isEmpty ? vip : "\(vip) on \(status.interface)"
  }

  private func witness(_ status: InstanceStatus) -> String {
    guard status.state == "backup" else { return status.witnessMode }
    return status.witness.isEmpty
      ? "\(status.witnessMode), nobody answers" : "\(status.witnessMode), answered by \(status.witness)"
  }

  private func routers(_ status: InstanceStatus, _ terminal: Terminal) -> [String] {
    guard !status.peers.isEmpty else { return ["", "No other router was seen."] }
    var table = Table(
      columns: ["ROUTER", "MAC", "PRIORITY", "ROLE", "SEEN", "ADVERTISED"].enumerated().map {
        Table.Column(title: $1, rank: $0)
      })
    table.rows = status.peers.map { peer in
      [
        Table.Cell(peer.address), Table.Cell(peer.hardware),
        Table.Cell(peer.priority == 0 ? "" : "\(peer.priority)"), Table.Cell(role(of: peer, status)),
        Table.Cell("\(WallClock.age(peer.lastSeen, at: now)) ago"),
        Table.Cell(peer.lastAdvertised == 0 ? "never" : "\(WallClock.age(peer.lastAdvertised, at: now)) ago"),
      ]
    }
    return [""] + table.lines(on: terminal)
  }

  private func role(of peer: InstanceStatus.Peer, _ status: InstanceStatus) -> String {
    if status.state == "backup" && peer.address == status.owner { return "Active" }
    guard status.state == "active" else { return "" }
    if peer.standsBy { return peer.isReady ? "stands by" : "held" }
    return "gone"
  }

  private func transitions(_ status: InstanceStatus, _ terminal: Terminal) -> [String] {
    var table = Table(
      columns: ["CHANGED", "TO", "WHY"].map { Table.Column(title: $0, rank: 0) })
    table.rows = status.transitions.map {
      [Table.Cell(WallClock.local($0.time)), Table.Cell($0.state.capitalizedFirst), Table.Cell($0.cause)]
    }
    return table.rows.isEmpty ? [] : [""] + table.lines(on: terminal)
  }

  private func counters(_ status: InstanceStatus, _ terminal: Terminal) -> [String] {
    let happened = status.counters.filter { $0.value > 0 }
    var table = Table(columns: ["COUNTED", "TIMES"].map { Table.Column(title: $0, rank: 0) })
    table.rows = happened.map { counter in
      let words = String(counter.name.map { $0 == "_" ? " " : $0 })
      return [Table.Cell(words), Table.Cell("\(counter.value)")]
    }
    return table.rows.isEmpty ? [] : [""] + table.lines(on: terminal)
  }
}

extension String {
  /// `active` as `Active`.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
